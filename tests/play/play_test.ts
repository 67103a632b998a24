import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Flag } from "../../src/cli/flags/flags.ts";
import { FLAGS } from "../../src/cli/flags/flag_table.ts";
import { FetchRestClient } from "../../src/kubernetes/http/transport.ts";
import { resolveCluster } from "../../src/kubernetes/config/resolve.ts";
import { ResourceClient } from "../../src/kubernetes/resources/resource_client.ts";
import { systemClock } from "../../src/runtime/time/clock.ts";
import { applyObject } from "../demo/apply.ts";
import { CRDS, SAMPLES } from "../demo/fixture.ts";
import { observeBindings } from "../demo/observe.ts";
import { readSamples } from "../demo/samples.ts";
import { listen } from "../sandbox/kubernetes/listen.ts";
import { InMemoryKubernetes } from "../sandbox/kubernetes/server.ts";
import { eventually } from "../suites/eventually.ts";
import { guide } from "../suites/guides.ts";
import { runTask } from "../tasks/run_task.ts";
import { parsePlay } from "./options.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const GUIDE = guide("tests/README.md");
const NAMESPACE = "team-a";
const OWN = "1b461305-28be-5271-beda-bd9fd2e24250";

/** The line of tests/README.md that starts the operator beside the fake Azure. */
function command(): string {
  const line = GUIDE.split("\n").find((each) => /^KUBECONFIG=.* task start:fake-azure$/.test(each));
  assert.ok(line, "the guide has the command");
  return line.replace("npx -y deno@2.9.6", "deno");
}

function crds(): string[] {
  return [...Deno.readDirSync(CRDS)].map(({ name }) => Deno.readTextFileSync(`${CRDS}/${name}`));
}

Deno.test("the guide's one command runs the operator beside a fake Azure, on any API server", async () => {
  const api = new InMemoryKubernetes({ crds: crds(), autoServiceAccount: true });
  await using stack = new AsyncDisposableStack();
  const server = listen(api);
  stack.defer(() => server.close());
  const directory = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const kubeconfig = `${directory}/kubeconfig`;
  await Deno.writeTextFile(kubeconfig, server.kubeconfig());
  api.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
  const config = await resolveCluster({ kubeconfig });
  using rest = new FetchRestClient({ config, fetch, clock: systemClock, userAgent: "test" });

  const more = ["--metrics-bind-address=0", "--health-probe-bind-address=0"];
  const [variable, ...words] = command().split(" ");
  assert.equal(variable, "KUBECONFIG=FILE");
  assert.equal(words[0], "deno");
  const child = new Deno.Command(Deno.execPath(), {
    args: [...words.slice(1), ...more, `--azure-identities=${OWN}`],
    cwd: ROOT,
    // Nothing goes past the fake, whatever proxy is used elsewhere and for what.
    env: {
      KUBECONFIG: kubeconfig,
      DENO_NO_UPDATE_CHECK: "1",
      NO_PROXY: "azurecr.io,microsoftonline.com",
      HTTP_PROXY: "http://127.0.0.1:1",
    },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  stack.defer(async () => {
    try {
      child.kill("SIGTERM");
    } catch (error) {
      // It has ended, as it should.
      if (!(error instanceof TypeError)) throw error;
    }
    await child.status;
  });
  for (const { definition, object } of await readSamples(SAMPLES)) {
    await applyObject(rest, definition, NAMESPACE, object);
  }
  const rows = () => observeBindings(rest, { namespace: NAMESPACE });
  await eventually("the samples are ready in a namespace of one's own", async () => {
    const found = await rows();
    return found.length === 5 && found.every(({ state }) => state === "Ready") || undefined;
  }, 30_000);
  const patch = async (name: string, spec: unknown) => {
    const row = (await readSamples(SAMPLES)).find(({ object }) => object.metadata.name === name)!;
    const client = new ResourceClient(rest, row.definition);
    await client.patch(NAMESPACE, name, { type: "merge", body: { spec } as never });
  };
  const stateOnce = (name: string, state: RegExp) =>
    eventually(`${name} is ${state}`, async () => {
      const row = (await rows()).find((each) => each.name === name)!;
      return state.test(`${row.state}: ${row.error}`) || undefined;
    });
  await patch("client-id", { managedIdentityClientID: OWN, scope: "repository:a:pull" });
  await stateOnce("client-id", /^Ready: $/);
  await patch("client-id", { managedIdentityClientID: OWN.replace("1b", "2b") });
  await stateOnce("client-id", /IdentityNotFound: IMDS answered HTTP 400/);
  await patch("client-id", { acrServer: "exmaple.azurecr.io", managedIdentityClientID: OWN });
  await stateOnce("client-id", /^NameNotFound: The name exmaple.azurecr.io does not exist in DNS/);
  child.kill("SIGINT");
  const { code } = await child.status;
  const said = await stderr;
  assert.equal(code, 0, said);
  assert.match(said, /^A fake Azure stands beside the operator, which serves http:\S+ \(/m);
  assert.doesNotMatch(said, /The fake Azure does not know/);
});

Deno.test("deno task start:fake-azure takes the operator's flags, and keeps its own to itself", () => {
  const own = ["--azure-knows=all", "--azure-subjects=team-a:builder", "-azure-tenants=a.io,c.io"];
  const bundle = ["--azure-ca-bundle", "/etc/ssl/ca.crt"];
  const others = ["--kubeconfig", "k", "--context=c", "--leader-elect", ...bundle];
  const apart = ["--azure-registries", "r.azurecr.io", "--azure-identities", OWN];
  assert.deepEqual(parsePlay([...own, ...others.slice(0, 2), ...apart, ...others.slice(2)]), {
    knowsAll: true,
    registries: ["r.azurecr.io"],
    identities: [OWN],
    tenants: ["a.io", "c.io"],
    subjects: ["team-a:builder"],
    operatorArgs: others,
    cluster: { kubeconfig: "k", context: "c" },
  });
  assert.equal(parsePlay(["--help"]), undefined);
  assert.equal(parsePlay(["--azure-knows", "all", "-h"]), undefined);
});

Deno.test("deno task start:fake-azure passes on every flag that deno task start takes", () => {
  for (const [name, { kind, refused }] of Object.entries<Flag>(FLAGS)) {
    if (name === "help" || refused !== undefined) continue;
    const arg = `--${name}=${kind === "number" ? "1" : "true"}`;
    assert.deepEqual(parsePlay([arg])?.operatorArgs, [arg]);
  }
});

const REFUSED: readonly [args: readonly string[], sentence: string][] = [
  [["--azure-know=all"], "--azure-know is no flag of this program: did you mean --azure-knows?"],
  [["--azure-knows=none"], '--azure-knows="none" is unknown: write samples or all.'],
  [
    ["--azure-subjects=builder"],
    '--azure-subjects="builder" is no ServiceAccount: write NAMESPACE:NAME.',
  ],
  [["--log-levle=debug"], "--log-levle is no flag of this program: did you mean --log-level?"],
  [
    ["--azure-registries=https://web.azurecr.io"],
    '--azure-registries: "https://web.azurecr.io" carries a scheme; give the host name alone, ' +
    "e.g. example.azurecr.io.",
  ],
  [
    ["--azure-registries=web"],
    '--azure-registries: "web" is no host name; give one like example.azurecr.io.',
  ],
  [
    ["--azure-identities", "mine"],
    '--azure-identities="mine" is no identity: write its client ID, or its whole resource ID.',
  ],
  [
    ["--azure-tenants=contoso"],
    '--azure-tenants="contoso" is no tenant: write its ID or its domain.',
  ],
  [
    ["--azure-registries", "--azure-knows=all"],
    "--azure-registries needs a value: write --azure-registries=HOST,....",
  ],
  [["--azure-registries"], "--azure-registries needs a value: write --azure-registries=HOST,...."],
  [["now"], '"now" is no flag: --help lists them all.'],
];

for (const [args, sentence] of REFUSED) {
  Deno.test(`deno task start:fake-azure refuses ${args.join(" ")} in one sentence`, () => {
    assert.throws(() => parsePlay(args), { name: "UsageError", message: sentence });
  });
}

Deno.test("deno task start:fake-azure says what is wrong with a kubeconfig", async () => {
  const { code, stderr } = await runTask("start:fake-azure", ["--kubeconfig=/none/such"]);
  assert.equal(code, 1);
  assert.match(stderr, /^kubeconfig \/none\/such does not exist.*\n$/);
});
