import { createHash } from "node:crypto";

/** The binaries that the end-to-end tests run. */
export type Tool = "etcd" | "kube-apiserver" | "kubectl";

const PACKAGES: Record<Tool, string> = {
  "etcd": "go.etcd.io/etcd/server/v3",
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  "kubectl": "k8s.io/kubernetes/cmd/kubectl",
};

/** Neither needs a C compiler, nor depends on a workspace above this repository. */
const BUILD_ENVIRONMENT = { CGO_ENABLED: "0", GOWORK: "off" };

/** A Go module that pins the binaries' versions. */
export interface GoModule {
  directory: string;
  /** Such as v1.36.3. */
  kubernetes: string;
  /** Such as v3.6.8. */
  etcd: string;
  /** SHA-256 of go.mod, go.sum and the way of building, in hex. */
  digest: string;
}

/** Reads go.mod and go.sum of `directory`. */
export function readGoModule(directory: string): GoModule {
  const mod = Deno.readTextFileSync(`${directory}/go.mod`);
  const sum = Deno.readTextFileSync(`${directory}/go.sum`);
  const kubernetes = versionOf("k8s.io/kubernetes", mod);
  const etcd = versionOf("go.etcd.io/etcd/server/v3", mod);
  const recipe = JSON.stringify([mod, sum, linkerFlags(kubernetes), BUILD_ENVIRONMENT]);
  const digest = createHash("sha256").update(recipe).digest("hex");
  return { directory, kubernetes, etcd, digest };
}

/** One build, as it is run and as a person would type it. */
export interface GoBuild {
  args: string[];
  env: Record<string, string>;
  shown: string;
}

/** How `tool` is built into the file `output`. */
export function goBuild(module: GoModule, tool: Tool, output: string): GoBuild {
  const ldflags = `-ldflags=${linkerFlags(module.kubernetes)}`;
  const args = ["build", "-trimpath", ldflags, "-o", output, PACKAGES[tool]];
  const words = Object.entries(BUILD_ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
  const shown = [...words, "go", ...args].map(shellQuoted).join(" ");
  return {
    args,
    env: BUILD_ENVIRONMENT,
    shown: `cd ${shellQuoted(module.directory)} && ${shown}`,
  };
}

function versionOf(path: string, mod: string): string {
  for (const line of mod.split("\n")) {
    const [required, version] = line.trim().split(/\s+/);
    if (required === path && version?.startsWith("v")) return version;
  }
  throw new Error(`go.mod requires no ${path}`);
}

/** Kubernetes learns its version from the linker; without it /version answers v0.0.0-master. */
function linkerFlags(version: string): string {
  const [major, minor] = version.slice(1).split(".");
  const values = {
    gitVersion: version,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: "clean",
  };
  const settings = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]
    .flatMap((path) =>
      Object.entries(values).map(([name, value]) => `-X ${path}.${name}=${value}`)
    );
  return ["-s -w", ...settings].join(" ");
}

function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
