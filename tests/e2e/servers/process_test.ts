import assert from "node:assert/strict";
import { eventually } from "../../suites/eventually.ts";
import { ServerProcess } from "./process.ts";

const PROCESS_MODULE = new URL("./process.ts", import.meta.url).href;

/** Starts a server as another process would, prints its shell's process ID, and waits for ever. */
const OWNER = `
import { ServerProcess } from ${JSON.stringify(PROCESS_MODULE)};
const [directory] = Deno.args;
new ServerProcess({
  name: "sleeper",
  executable: "/bin/sh",
  args: ["-c", 'echo $$ > "$1/pid"; exec sleep 1000', "sleeper", directory],
  log: directory + "/log",
  removeWhenStopped: directory,
});
setInterval(() => {}, 1000);
`;

function textOf(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path) || undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function isGone(path: string): true | undefined {
  try {
    Deno.statSync(path);
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

function hasEnded(pid: number): true | undefined {
  try {
    Deno.kill(pid, "SIGCONT");
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof TypeError) return true;
    throw error;
  }
}

function sleeper(directory: string, removeWhenStopped?: string): ServerProcess {
  return new ServerProcess({
    name: "sleeper",
    executable: "/bin/sh",
    args: ["-c", 'echo $$ > "$1/pid"; exec sleep 1000', "sleeper", directory],
    log: `${directory}/log`,
    ...(removeWhenStopped && { removeWhenStopped }),
  });
}

for (const signal of ["SIGKILL", "SIGTERM", "SIGINT"] as const) {
  Deno.test(`a server and its directory go when their owner dies by ${signal}`, async () => {
    const directory = await Deno.makeTempDir();
    const owner = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-lock", OWNER, directory],
      stdout: "null",
    }).spawn();
    const pid = Number(await eventually("the server runs", () => textOf(`${directory}/pid`)));
    owner.kill(signal);
    await owner.status;
    await eventually("the server has ended", () => hasEnded(pid));
    await eventually("its directory is gone", () => isGone(directory));
  });
}

Deno.test("stopping waits until the server has ended and its directory is removed", async () => {
  const directory = await Deno.makeTempDir();
  const server = sleeper(directory, directory);
  const pid = Number(await eventually("the server runs", () => textOf(`${directory}/pid`)));
  await server.stop();
  assert.equal(hasEnded(pid), true);
  assert.equal(isGone(directory), true);
});

Deno.test("a server that ends by itself leaves its directory, its status and its last lines", async () => {
  const directory = await Deno.makeTempDir();
  const server = new ServerProcess({
    name: "etcd",
    executable: "/bin/sh",
    args: ["-c", "echo first; echo cannot listen >&2; exit 3"],
    log: `${directory}/log`,
    removeWhenStopped: directory,
  });
  assert.equal(await server.ended, 3);
  const failure = await server.failure("ended with status 3");
  await server.stop();
  assert.equal(
    failure.message,
    `etcd ended with status 3; its last lines in ${directory}/log:\nfirst\ncannot listen`,
  );
  await Deno.remove(directory, { recursive: true });
});

Deno.test("a server that was never there fails with the shell's words", async () => {
  const directory = await Deno.makeTempDir();
  const server = new ServerProcess({
    name: "etcd",
    executable: `${directory}/etcd`,
    args: [],
    log: `${directory}/log`,
  });
  assert.equal(await server.ended, 127);
  assert.match(await server.output(), /etcd: (not found|No such file)/);
  await server.stop();
  await Deno.remove(directory, { recursive: true });
});
