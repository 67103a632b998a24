import assert from "node:assert/strict";
import { systemClock } from "../../src/runtime/time/clock.ts";
import type { ApiServer, Kubeconfig, TestOnApiServer } from "../sandbox/api_server.ts";
import { FakeAzure } from "../sandbox/azure/azure.ts";
import type { Front } from "../sandbox/azure/front.ts";
import { ClusterAdmin, connect } from "./cluster_admin.ts";
import { eventually } from "./eventually.ts";
import { OperatorProcess } from "./operator_process.ts";
import { TcpRelay } from "./tcp_relay.ts";
import { CLIENT_ID } from "./v1beta1_objects.ts";

/** Where the replicas keep their Lease, and as whom they run. */
export interface LeadershipOptions {
  readonly user?: string;
  readonly namespace: string;
}

const LEADING = "became leader";
const WAITING = "waiting for the leader lease";
const LEASE = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", name: "aks.azure.com" };

/** Both spellings of the flags, of today's reference and of the seed. */
const SPELLINGS = [
  (namespace: string) => ["--leader-elect", `--leader-election-namespace=${namespace}`],
  (namespace: string) => [
    "-enable-leader-election=true",
    "--leader-elect-namespace",
    namespace,
  ],
];

/** Two replicas as two processes, of which one acts. */
export function leadershipSuite(test: TestOnApiServer, options: LeadershipOptions): void {
  const check = (name: string, run: (pair: Pair) => Promise<void>) =>
    test(`two replicas: ${name}`, async (api) => {
      await using pair = await Pair.start(api, options);
      await run(pair);
      pair.azure.assertClean();
    });

  check("after SIGTERM one ends with 0 within 2 s, the other acts within 3 s", async (pair) => {
    const { leader, standby } = await pair.lead();
    await pair.served("first");
    assert.deepEqual(decisions(standby), [], "the standby acts");
    const told = performance.now();
    const [{ code, tookMs }] = await Promise.all([leader.end("SIGTERM"), pair.bind("second")]);
    assert.equal(code, 0, leader.log);
    assert.ok(tookMs < 2000, `it took ${tookMs} ms to end`);
    await pair.servedOnce("second", 3000 - (performance.now() - told));
    assert.ok(!leader.log.includes("second"), "the leader began new work while it ended");
    assert.deepEqual(
      decisions(standby).filter(({ name }) => name === "first"),
      [],
      "the successor wrote again what was there",
    );
  });

  check("after kill -9 the other acts within 17 s", async (pair) => {
    const { leader, standby } = await pair.lead();
    await pair.served("first");
    const killed = performance.now();
    await leader.end("SIGKILL");
    await pair.bind("second");
    await pair.servedOnce("second", 17_000 - (performance.now() - killed));
    await standby.logs(LEADING);
  });

  check("a leader that was stopped writes nothing when it goes on", async (pair) => {
    const { leader, standby } = await pair.lead();
    await pair.served("first");
    leader.signal("SIGSTOP");
    const before = leader.log;
    // The watch of the stopped process brings it work for the moment at which it goes on.
    await pair.bind("second");
    await pair.admin.delete({ apiVersion: "v1", kind: "Secret", name: secretOf("first") });
    await pair.servedOnce("second", 18_000);
    await pair.served("first");
    await eventually("the successor has settled", () => {
      return decisions(standby).filter(({ name }) => name === "second").length >= 4 || undefined;
    });
    const versions = await pair.versions();
    leader.signal("SIGCONT");
    assert.equal(await leader.ended(), 1, leader.log);
    assert.match(leader.log, /leadership lost/);
    assert.deepEqual(decisions(leader, before.length), [], "it acted after it went on");
    assert.deepEqual(await pair.versions(), versions);
  });

  check("a leader cut off from the API server ends before another leads", async (pair) => {
    const { leader, standby } = await pair.lead();
    await pair.served("first");
    const ended = leader.ended().then((code) => ({ code, at: performance.now() }));
    pair.relayOf(leader).cut();
    await pair.bind("second");
    const [{ code, at }] = await Promise.all([
      ended,
      eventually("the other leads", () => standby.log.includes(LEADING) || undefined, 18_000),
    ]);
    assert.equal(code, 1, leader.log);
    const lease = await pair.lease();
    const took = performance.timeOrigin + at;
    assert.ok(took < Date.parse(lease.spec.acquireTime), "it ended after another had begun");
    await pair.servedOnce("second", 3000);
    const lost = timeOf(leader, "leadership lost");
    assert.deepEqual(decisions(leader).filter(({ ts }) => Date.parse(String(ts)) > lost), []);
  });
}

interface LeaseObject {
  readonly spec: { readonly holderIdentity: string; readonly acquireTime: string };
}

/** Two replicas, each with a relay of its own between it and the API server. */
class Pair implements AsyncDisposable {
  readonly admin: ClusterAdmin;
  readonly azure = new FakeAzure({ clock: systemClock });
  readonly #api: ApiServer;
  readonly #options: LeadershipOptions;
  readonly #resources = new AsyncDisposableStack();
  readonly #relays = new Map<OperatorProcess, TcpRelay>();
  readonly #leases: ClusterAdmin;

  private constructor(api: ApiServer, options: LeadershipOptions, admin: ClusterAdmin) {
    this.#api = api;
    this.#options = options;
    this.admin = admin;
    this.#leases = admin.elsewhere(options.namespace);
  }

  static async start(api: ApiServer, options: LeadershipOptions): Promise<Pair> {
    const rest = await connect(api);
    const admin = new ClusterAdmin(rest, await api.createNamespace());
    const pair = new Pair(api, options, admin);
    pair.#resources.use(rest);
    // The next pair must not wait for a Lease whose holder was killed.
    pair.#resources.defer(() => pair.#leases.delete(LEASE));
    pair.#resources.defer(() => admin.clear());
    const front = pair.#resources.use(await pair.azure.listen());
    await admin.create({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default" },
    });
    await Promise.all(SPELLINGS.map((flags) => pair.#start(flags(options.namespace), front)));
    return pair;
  }

  /** Waits until one leads and the other waits, with its caches filled. */
  async lead(): Promise<{ leader: OperatorProcess; standby: OperatorProcess }> {
    const replicas = [...this.#relays.keys()];
    const leader = await eventually("one leads", () => {
      return replicas.find(({ log }) => log.includes(LEADING));
    }, 20_000);
    const standby = replicas.find((replica) => replica !== leader)!;
    await standby.logs(WAITING);
    await eventually("the standby's caches are filled", () => {
      return standby.log.split("cache is in step").length > 4 || undefined;
    });
    return { leader, standby };
  }

  relayOf(replica: OperatorProcess): TcpRelay {
    return this.#relays.get(replica)!;
  }

  bind(name: string): Promise<void> {
    return this.admin.create({
      apiVersion: "msi-acrpull.microsoft.com/v1beta1",
      kind: "AcrPullBinding",
      metadata: { name },
      spec: { acrServer: "bench.azurecr.io", managedIdentityClientID: CLIENT_ID },
    });
  }

  /** A binding that is there is served. Makes it when it is not there. */
  async served(name: string): Promise<void> {
    const there = await this.admin.get({
      apiVersion: "msi-acrpull.microsoft.com/v1beta1",
      kind: "AcrPullBinding",
      name,
    });
    if (there === undefined) await this.bind(name);
    await this.servedOnce(name, 10_000);
    // Its status is the last that is written for it.
    await eventually(`${name} says that it is ready`, async () => {
      const binding = await this.admin.get<{ status?: { conditions?: { status: string }[] } }>({
        apiVersion: "msi-acrpull.microsoft.com/v1beta1",
        kind: "AcrPullBinding",
        name,
      });
      return binding?.status?.conditions?.some(({ status }) => status === "True") || undefined;
    });
  }

  async servedOnce(name: string, withinMs: number): Promise<void> {
    await eventually(`${name} has its credential attached`, async () => {
      const account = await this.admin.get<{ imagePullSecrets?: { name: string }[] }>({
        apiVersion: "v1",
        kind: "ServiceAccount",
        name: "default",
      });
      const secret = { apiVersion: "v1", kind: "Secret", name: secretOf(name) };
      const refers = account!.imagePullSecrets?.some((each) => each.name === secret.name);
      return (refers && await this.admin.get(secret) !== undefined) || undefined;
    }, withinMs);
  }

  async lease(): Promise<LeaseObject> {
    return (await this.#leases.get<LeaseObject>(LEASE))!;
  }

  /** The version of every Secret and ServiceAccount. */
  async versions(): Promise<readonly string[]> {
    type Versioned = { metadata: { name: string; resourceVersion: string } };
    const kinds = ["Secret", "ServiceAccount"];
    const lists = await Promise.all(kinds.map((kind) => this.admin.list<Versioned>("v1", kind)));
    return lists.flat().map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }

  async #start(flags: readonly string[], front: Front): Promise<void> {
    const relay = this.#resources.use(new TcpRelay(Number(new URL(this.#api.url).port)));
    const { user } = this.#options;
    const replica = await OperatorProcess.start(
      { kubeconfig: async (as?: string) => through(relay, await this.#api.kubeconfig(as)) },
      {
        front,
        ...(user === undefined ? {} : { user }),
        args: [...flags, "--metrics-bind-address=0", "--health-probe-bind-address=0"],
      },
    );
    this.#resources.use(replica);
    this.#relays.set(replica, relay);
  }
}

function through(relay: TcpRelay, kubeconfig: Kubeconfig): Kubeconfig {
  const clusters = kubeconfig.clusters.map(({ name, cluster }) => {
    const server = new URL(cluster.server);
    server.port = String(relay.port);
    return { name, cluster: { ...cluster, server: server.origin } };
  });
  return { ...kubeconfig, clusters };
}

function secretOf(name: string): string {
  return `${name}-msi-acrpull-secret`;
}

/** What a replica logged that it did for bindings, from a position in its log on. */
function decisions(
  { log }: OperatorProcess,
  from = 0,
): readonly { name: unknown; msg: unknown; ts: unknown }[] {
  return log.slice(from).split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => /^(added|minted|attached|detached|wrote|put|deleted)/.test(String(msg)))
    .map(({ name, msg, ts }) => ({ name, msg, ts }));
}

function timeOf({ lines }: OperatorProcess, what: string): number {
  return Date.parse(String(lines.find(({ msg }) => String(msg).includes(what))?.ts));
}
