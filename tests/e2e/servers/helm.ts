import { fileURLToPath } from "node:url";
import { currentSurroundings, obtainBinaries, type Surroundings } from "./binaries.ts";
import type { ControlPlane } from "./control_plane.ts";
import { needing } from "../../suites/needing.ts";
import { e2e, haveBinaries, lackOfBinaries } from "./gate.ts";
import { readHelmModule } from "./go_build.ts";

const MODULE_DIRECTORY = fileURLToPath(new URL("../helm", import.meta.url));
const CHART = fileURLToPath(new URL("../../../deploy/helm", import.meta.url));

/** How Helm ended and what it said. */
export interface HelmResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** For `ignore` of tests that need Helm; see haveBinaries. */
export function haveHelm(): boolean {
  return haveBinaries(["helm"], helmSurroundings());
}

/** As e2e(), for a test that needs Helm besides. */
export function e2eWithHelm(name: string, test: (plane: ControlPlane) => Promise<void>): void {
  if (haveHelm()) e2e(name, test);
  else Deno.test({ ...needing(name, lackOfHelm()), fn: () => {} });
}

/** As haveHelm(), with what is lacking: undefined where nothing is. For needing(). */
export function lackOfHelm(): string | undefined {
  return lackOfBinaries(["helm"], helmSurroundings());
}

/** Runs `helm COMMAND... deploy/helm REST...`, and of the user's own configuration nothing. */
export function helmOnChart(
  command: string[],
  rest: string[],
  plane?: ControlPlane,
): Promise<HelmResult> {
  return helm([...command, CHART, ...rest], plane);
}

/** Runs Helm, against the plane as its administrator where there is one. */
export async function helm(args: string[], plane?: ControlPlane): Promise<HelmResult> {
  const executable = await obtainHelm();
  const home = await Deno.makeTempDir({ prefix: "msi-acrpull-helm-" });
  try {
    const kubeconfig = plane?.adminKubeconfig.path ?? `${home}/none`;
    const { code, stdout, stderr } = await new Deno.Command(executable, {
      args,
      clearEnv: true,
      env: { HOME: home, KUBECONFIG: kubeconfig },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** Helm's executable, built where it is not there yet. */
export async function obtainHelm(): Promise<string> {
  return (await obtainBinaries(["helm"], helmSurroundings())).helm;
}

/** Where Helm is looked for. */
export function helmSurroundings(): Surroundings {
  return { ...currentSurroundings(), module: readHelmModule(MODULE_DIRECTORY) };
}
