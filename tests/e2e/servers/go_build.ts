import { createHash } from "node:crypto";

/** The binaries that the end-to-end tests run. */
export type Tool = "etcd" | "helm" | "kube-apiserver" | "kubectl";

const PACKAGES: Record<Tool, string> = {
  "etcd": "go.etcd.io/etcd/server/v3",
  "helm": "helm.sh/helm/v3/cmd/helm",
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  "kubectl": "k8s.io/kubernetes/cmd/kubectl",
};

/** None needs a C compiler, nor depends on a workspace above this repository. */
const BUILD_ENVIRONMENT = { CGO_ENABLED: "0", GOWORK: "off" };

/** A Go module that pins the binaries' versions. */
export interface GoModule {
  directory: string;
  /** Such as v1.36.3. */
  kubernetes: string;
  /** Names what is built, such as kubernetes-v1.36.3-etcd-v3.6.8. */
  versions: string;
  /** For go build. */
  linkerFlags: string;
  /** SHA-256 of go.mod, go.sum and the way of building, in hex. */
  digest: string;
}

/** Reads go.mod and go.sum of `directory`, which pin Kubernetes and etcd. */
export function readGoModule(directory: string): GoModule {
  const mod = Deno.readTextFileSync(`${directory}/go.mod`);
  const kubernetes = versionOf("k8s.io/kubernetes", mod);
  const etcd = versionOf("go.etcd.io/etcd/server/v3", mod);
  const versions = `kubernetes-${kubernetes}-etcd-${etcd}`;
  return goModule(directory, mod, { kubernetes, versions, linkerFlags: linkerFlags(kubernetes) });
}

/** Reads go.mod and go.sum of `directory`, which pin Helm. */
export function readHelmModule(directory: string): GoModule {
  const mod = Deno.readTextFileSync(`${directory}/go.mod`);
  const helm = versionOf("helm.sh/helm/v3", mod);
  const kubernetes = versionOf("k8s.io/client-go", mod).replace(/^v0/, "v1");
  const linkerFlags = helmLinkerFlags(helm, kubernetes);
  return goModule(directory, mod, { kubernetes, versions: `helm-${helm}`, linkerFlags });
}

function goModule(
  directory: string,
  mod: string,
  rest: Pick<GoModule, "kubernetes" | "versions" | "linkerFlags">,
): GoModule {
  const sum = Deno.readTextFileSync(`${directory}/go.sum`);
  const recipe = JSON.stringify([mod, sum, rest.linkerFlags, BUILD_ENVIRONMENT]);
  const digest = createHash("sha256").update(recipe).digest("hex");
  return { directory, digest, ...rest };
}

/** One build, as it is run and as a person would type it. */
export interface GoBuild {
  args: string[];
  env: Record<string, string>;
  shown: string;
}

/** How `tool` is built into the file `output`. */
export function goBuild(module: GoModule, tool: Tool, output: string): GoBuild {
  const ldflags = `-ldflags=${module.linkerFlags}`;
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

/** Helm learns its version, and what it takes a cluster for while it has none, from the linker. */
function helmLinkerFlags(helm: string, kubernetes: string): string {
  const [major, minor] = kubernetes.slice(1).split(".");
  const settings = ["chartutil", "lint/rules"].flatMap((name) => [
    `-X helm.sh/helm/v3/pkg/${name}.k8sVersionMajor=${major}`,
    `-X helm.sh/helm/v3/pkg/${name}.k8sVersionMinor=${minor}`,
  ]);
  return ["-s -w", `-X helm.sh/helm/v3/internal/version.version=${helm}`, ...settings].join(" ");
}

function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
