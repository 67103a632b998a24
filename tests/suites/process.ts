import assert from "node:assert/strict";
import { systemClock } from "../../src/runtime/time/clock.ts";
import type { ApiServer, TestOnApiServer } from "../sandbox/api_server.ts";
import { FakeAzure } from "../sandbox/azure/azure.ts";
import { ClusterAdmin, connect } from "./cluster_admin.ts";
import { eventually } from "./eventually.ts";
import { freePort, OperatorProcess } from "./operator_process.ts";
import { CLIENT_ID } from "./v1beta1_objects.ts";

/** The operator as a process: what it serves, says and how it ends. */
export function processSuite(
  test: TestOnApiServer,
  options: { readonly user?: string } = {},
): void {
  test("process: serves health and metrics, logs its decisions as JSON, ends within 2 s", async (api) => {
    await using world = await World.create(api);
    const [health, metrics] = [freePort(), freePort()];
    await using operator = await OperatorProcess.start(api, {
      ...options,
      front: world.front,
      args: [
        `--health-probe-bind-address=127.0.0.1:${health}`,
        `--metrics-bind-address=127.0.0.1:${metrics}`,
      ],
    });
    await eventually(
      "it is ready",
      async () => (await status(`http://127.0.0.1:${health}/readyz`)) === 200 || undefined,
      20_000,
    );
    assert.equal(await status(`http://127.0.0.1:${health}/healthz`), 200);

    await world.bind();
    await operator.logs("wrote status of binding");
    const decisions = operator.lines.filter(({ namespace, name }) =>
      namespace === world.admin.namespace && name === "pull"
    );
    assert.deepEqual(decisions.map(({ msg }) => msg), [
      "added finalizer to binding",
      "minted credential and wrote it to Secret",
      "attached Secret to service account",
      "wrote status of binding",
    ]);

    // Its watch tells it of its own write, and that counts.
    const exposed = await eventually("its metrics count the binding as ready", async () => {
      const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
      return /^acrpull_bindings\{api="v1beta1",ready="true"\} 1$/m.test(text) ? text : undefined;
    });
    assert.match(exposed, /^acrpull_mint_total\{kind="managed_identity",result="ok"\} 1$/m);
    for (const token of world.azure.issuedTokens()) {
      assert.ok(!operator.log.includes(token), "a token stands in the log");
      assert.ok(!exposed.includes(token), "a token stands in the metrics");
    }

    const { code, tookMs } = await operator.end();
    assert.equal(code, 0, operator.log);
    assert.ok(tookMs < 2000, `it took ${tookMs} ms to end`);
    world.azure.assertClean();
  });

  test("process: reaches IMDS past the proxy of its environment", async (api) => {
    await using world = await World.create(api);
    const proxied: string[] = [];
    await using proxy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      proxied.push(request.url);
      return new Response("proxied", { status: 502 });
    });
    // By another name than the API server, which the environment exempts from the proxy here.
    const imdsUrl = world.front.imdsUrl.replace("127.0.0.1", "localhost");
    const env = {
      ...world.front.env,
      AZURE_POD_IDENTITY_AUTHORITY_HOST: imdsUrl,
      HTTP_PROXY: `http://127.0.0.1:${proxy.addr.port}`,
      NO_PROXY: "127.0.0.1",
    };
    await using operator = await OperatorProcess.start(api, {
      ...options,
      front: { ...world.front, imdsUrl, env },
      args: ["--health-probe-bind-address=0", "--metrics-bind-address=0"],
    });
    await world.bind();
    await operator.logs("wrote status of binding");
    assert.ok(operator.log.includes('"ready":"True"'), operator.log);
    assert.deepEqual(proxied, []);
    assert.equal((await operator.end()).code, 0);
  });

  test("process: a registry that Deno does not allow is announced, and the binding says so", async (api) => {
    await using world = await World.create(api);
    await using operator = await OperatorProcess.start(api, {
      ...options,
      front: world.front,
      args: [
        "--allowed-acr-server-suffixes=*",
        "--health-probe-bind-address=0",
        "--metrics-bind-address=0",
      ],
    });
    await operator.logs("--allowed-acr-server-suffixes=* admits every registry, but");
    // A real API server serves a CRD's resource only a moment after the CRD.
    await operator.logs('"resource":"acrpullbindings v1beta2"');
    await world.bind("registry.example");
    await operator.logs("wrote status of binding");
    const [binding] = await world.admin.bindings();
    assert.equal(
      (binding?.status as { error?: string } | undefined)?.error,
      "This executable may not connect to registry.example:443. Correct the host, or make an " +
        "executable that may, with `deno task compile --allow-host`, or an image with the build " +
        "argument ALLOW_HOSTS.",
    );
    const failures = operator.lines.filter(({ msg }) => msg === "attempt failed");
    assert.deepEqual(
      failures.map((line) => [line.endpoint, line.host, line.class]),
      [["exchange", "registry.example", "permanent-user-error"]],
    );
    assert.equal((await operator.end()).code, 0);
    world.azure.assertClean();
  });

  test("process: prints no credential of its own, whatever is wrong with it", async (api) => {
    const kubeconfig = await api.kubeconfig(options.user);
    const token = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0\nsecond-half.signature-part`;
    const users = [{ name: kubeconfig.users[0]!.name, user: { token } }];
    const broken = { kubeconfig: () => Promise.resolve({ ...kubeconfig, users }) };
    await using operator = await OperatorProcess.start(broken, {
      args: ["--health-probe-bind-address=0", "--metrics-bind-address=0"],
    });
    assert.equal(await operator.ended(), 1);
    const log = await operator.wholeLog();
    assert.match(log, /users\[name=[^\]]+\]\.user\.token holds a line break/);
    assert.doesNotMatch(log, /second-half|signature-part/);
  });

  test("process: logs text where that is asked for", async (api) => {
    await using operator = await OperatorProcess.start(api, {
      ...options,
      args: [
        "-zap-encoder",
        "console",
        "--metrics-addr=127.0.0.1:0",
        "-health-probe-bind-address=0",
      ],
    });
    await operator.logs("cache is in step with the API server");
    assert.match(operator.log, /^\S+ +INFO +starting/im);
    assert.equal((await operator.end("SIGINT")).code, 0);
  });

  test("process: refuses bad arguments with a sentence each, and starts nothing", async (api) => {
    await using operator = await OperatorProcess.start(api, {
      args: ["--ttl-rotation-fraction=2", "--label-selector=a in (", "--leader-elekt"],
    });
    assert.equal(await operator.ended(), 2);
    assert.match(operator.log, /--ttl-rotation-fraction=2 /);
    assert.match(operator.log, /--label-selector="a in \\?\("/);
    assert.match(operator.log, /--leader-elekt.*--leader-elect/);
  });

  test("process: leader election outside a cluster asks where its Lease is", async (api) => {
    await using operator = await OperatorProcess.start(api, {
      ...options,
      args: ["--leader-elect", "--metrics-bind-address=0", "--health-probe-bind-address=0"],
    });
    assert.equal(await operator.ended(), 1);
    assert.match(operator.log, /add --leader-election-namespace/);
  });
}

/** A namespace, and an Azure that a process can reach. */
class World implements AsyncDisposable {
  readonly admin: ClusterAdmin;
  readonly azure: FakeAzure;
  readonly front: Awaited<ReturnType<FakeAzure["listen"]>>;
  readonly #rest: Disposable;

  private constructor(
    admin: ClusterAdmin,
    azure: FakeAzure,
    front: World["front"],
    rest: Disposable,
  ) {
    this.admin = admin;
    this.azure = azure;
    this.front = front;
    this.#rest = rest;
  }

  static async create(api: ApiServer): Promise<World> {
    const rest = await connect(api);
    const azure = new FakeAzure({ clock: systemClock });
    const admin = new ClusterAdmin(rest, await api.createNamespace());
    return new World(admin, azure, await azure.listen(), rest);
  }

  async bind(acrServer = "bench.azurecr.io"): Promise<void> {
    await this.admin.create({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default" },
    });
    await this.admin.create({
      apiVersion: "msi-acrpull.microsoft.com/v1beta1",
      kind: "AcrPullBinding",
      metadata: { name: "pull" },
      spec: { acrServer, managedIdentityClientID: CLIENT_ID },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.admin.clear();
    await this.front.close();
    this.#rest[Symbol.dispose]();
  }
}

async function status(url: string): Promise<number | undefined> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    // Nothing listens there yet.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
