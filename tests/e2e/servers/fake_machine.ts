import type { Surroundings } from "./binaries.ts";
import { readGoModule } from "./go_build.ts";

const GO_MOD = `module example

tool (
	go.etcd.io/etcd/server/v3
	k8s.io/kubernetes/cmd/kube-apiserver
)

require (
	go.etcd.io/etcd/server/v3 v3.6.8 // indirect
	k8s.io/kubernetes v1.36.3 // indirect
)
`;

/** Where a test of finding binaries takes place. */
export interface Machine {
  root: string;
  surroundings: (env?: Record<string, string>) => Surroundings;
  printed: string[];
}

/** Runs `test` on an empty machine: a home directory, nothing on PATH but `bin`, and a Go module. */
export async function onMachine(
  test: (machine: Machine) => void | Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    for (const name of ["bin", "home", "assets", "module"]) await Deno.mkdir(`${root}/${name}`);
    await Deno.writeTextFile(`${root}/module/go.mod`, GO_MOD);
    await Deno.writeTextFile(`${root}/module/go.sum`, "");
    const printed: string[] = [];
    await test({
      root,
      printed,
      surroundings: (env = {}) => {
        const all: Record<string, string> = { HOME: `${root}/home`, PATH: `${root}/bin`, ...env };
        return {
          env: (name) => all[name],
          module: readGoModule(`${root}/module`),
          print: (line) => void printed.push(line),
        };
      },
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Writes an executable file and answers its path. */
export async function put(path: string, content = "#!/bin/sh\n"): Promise<string> {
  await Deno.writeTextFile(path, content, { mode: 0o755 });
  return path;
}
