import assert from "node:assert/strict";
import { join } from "node:path";
import * as v1beta1 from "../../src/api/v1beta1.ts";
import type { RestClient } from "../../src/kubernetes/http/contract.ts";
import { leases, SECRET, serviceAccounts } from "../../src/kubernetes/resources/built_in.ts";
import { ResourceClient } from "../../src/kubernetes/resources/resource_client.ts";
import { systemClock } from "../../src/runtime/time/clock.ts";
import type { Endpoint } from "./endpoint.ts";
import { CRDS, onServer, performOnce, worldAt } from "./fixture.ts";
import { install, NAMESPACE } from "./installation.ts";
import { perform } from "./perform.ts";
import { CRD_DEFINITION, ifThere, metadataOf, NAMESPACE_DEFINITION } from "./resources.ts";
import { readManifests } from "./samples.ts";
import { eventually } from "../suites/eventually.ts";
import { announcement, refusal, type Survey } from "./survey.ts";
import { openUserCluster } from "./user_cluster.ts";

const NEVER = new AbortController().signal;
const EMPTY: Survey = {
  crdsToInstall: [],
  namespace: "absent",
  bindingsOfOthers: 0,
  operator: "none",
};

/** Registers a test on a server that passes for a user's cluster. */
function check(
  name: string,
  test: (endpoint: Endpoint, rest: RestClient) => Promise<void>,
): void {
  Deno.test(`demo on a user's cluster: ${name}`, () =>
    onServer(true, async (endpoint) => {
      using rest = endpoint.connect();
      await test(endpoint, rest);
    }));
}

check("says what it will do, and leaves nothing behind", async (endpoint, rest) => {
  const { code, printed } = await performOnce(endpoint);
  assert.equal(code, 0, printed.join("\n"));
  assert.ok(
    printed.includes(
      "A binding of your own is served with the label " +
        "app.kubernetes.io/managed-by=msi-acrpull-demo, in namespace msi-acrpull-demo; it is " +
        "deleted at the end too.",
    ),
  );
  const crds = (await readManifests(CRDS)).map(({ metadata }) => `CRD ${metadata.name}`);
  assert.deepEqual(printed.slice(1, 3), [
    "There the demo will:",
    `  - install, and remove at the end: ${crds.join(", ")}`,
  ]);
  assert.deepEqual(await traces(rest), []);
});

check("uses CRDs that are there, and touches no binding of others", async (endpoint, rest) => {
  await installCrdsOfUser(rest);
  const binding = await createBindingOfUser(rest, "default");
  const { code, printed } = await performOnce(endpoint);
  assert.equal(code, 0, printed.join("\n"));
  assert.ok(printed.includes("  - use the AcrPullBinding CRDs as they are"));
  assert.ok(printed.includes("  - leave your own 1 bindings alone"));
  const after = await v1beta1.acrPullBindings(rest).get("default", binding.metadata.name);
  assert.deepEqual(after, binding);
  const secrets = await new ResourceClient(rest, SECRET).list();
  assert.deepEqual(secrets.items, []);
  const account = await serviceAccounts(rest).get("default", "default");
  assert.equal(account.imagePullSecrets, undefined);
  assert.deepEqual(await traces(rest), (await readManifests(CRDS)).map((crd) => crd.metadata.name));
});

check("keeps a CRD of its own that somebody has come to use", async (endpoint, rest) => {
  await using world = await worldAt(endpoint);
  await install(rest, await readManifests(CRDS), systemClock, NEVER);
  await createBindingOfUser(rest, "default");
  const ended = new AbortController();
  const printed: string[] = [];
  const print = (line: string) => {
    printed.push(line);
    if (line.includes("v1beta2/workload-identity is Ready")) ended.abort();
  };
  const direction = { output: { kind: "lines", print } as const, print, graceMs: 0 };
  assert.equal(await perform(world, direction, ended.signal), 0, printed.join("\n"));
  const crd = "acrpullbindings.msi-acrpull.microsoft.com";
  assert.equal(printed.at(-1), `CRD ${crd} stays: it has bindings that are not the demo's.`);
  assert.deepEqual(await traces(rest), [crd]);
});

check("clears what an earlier run left, finalizers included", async (endpoint, rest) => {
  {
    await using killed = await worldAt(endpoint);
    await killed.announce(NEVER);
    await killed.begin(NEVER);
    await killed.applySamples(NEVER);
    await eventually("every Secret is there", async () => {
      const { items } = await new ResourceClient(rest, SECRET).list();
      return items.length === 5 || undefined;
    });
  }
  const { code, printed } = await performOnce(endpoint);
  assert.equal(code, 0, printed.join("\n"));
  assert.ok(printed.includes("  - clear what an earlier run of the demo left"));
  assert.deepEqual(await traces(rest), []);
});

check("changes nothing where an operator is at work", async (endpoint, rest) => {
  await leases(rest).create("kube-system", {
    metadata: { name: "aks.azure.com" },
    spec: { holderIdentity: "operator-1", renewTime: microTime() },
  });
  const before = await resourceVersion(rest);
  const { code, printed } = await performOnce(endpoint);
  assert.equal(code, 1);
  assert.deepEqual(printed.slice(1), [
    "FAILED  An operator is at work in this cluster (Lease kube-system/aks.azure.com, held by " +
    "operator-1), and would serve the demo's bindings too: stop it, or use another cluster.",
  ]);
  assert.equal(await resourceVersion(rest), before);
});

check("changes nothing where its namespace is somebody's", async (endpoint, rest) => {
  await metadataOf(rest, NAMESPACE_DEFINITION).create("", { metadata: { name: NAMESPACE } });
  const before = await resourceVersion(rest);
  const { code, printed } = await performOnce(endpoint);
  assert.equal(code, 1);
  assert.match(printed[1]!, /^FAILED {2}Namespace msi-acrpull-demo is there already, and the demo/);
  assert.equal(await resourceVersion(rest), before);
});

for (
  const { name, found, reason } of [
    { name: "nothing stands in the way", found: EMPTY, reason: undefined },
    { name: "what an earlier run left", found: { ...EMPTY, namespace: "ours" }, reason: undefined },
    { name: "a namespace of others", found: { ...EMPTY, namespace: "foreign" }, reason: /delete/ },
    {
      name: "a namespace that is going",
      found: { ...EMPTY, namespace: "terminating" },
      reason: /still being deleted: try again/,
    },
    {
      name: "Leases may not be listed",
      found: { ...EMPTY, operator: "unknown" },
      reason: undefined,
    },
  ] as const
) {
  Deno.test(`demo survey: ${name}`, () => {
    const sentence = refusal(found);
    if (reason === undefined) assert.equal(sentence, undefined);
    else assert.match(sentence!, reason);
  });
}

Deno.test("demo survey: says that it could not look for an operator", () => {
  assert.equal(
    announcement({ ...EMPTY, operator: "unknown" }, 5).at(-1),
    "go on without knowing whether another operator is at work: Leases may not be listed",
  );
});

Deno.test("demo on a user's cluster: the line to paste names file and context, quoted", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = join(directory, "my config");
    await Deno.writeTextFile(path, KUBECONFIG);
    await using endpoint = await openUserCluster(
      { kubeconfig: "my config", context: "test" },
      directory,
      systemClock,
    );
    assert.equal(endpoint.kubectl.setup, `export KUBECONFIG='${path}'`);
    assert.equal(
      endpoint.kubectl.watch[0],
      "kubectl --context test get apb -n msi-acrpull-demo -w",
    );
    assert.match(
      endpoint.kubectl.healing,
      /^kubectl --context test -n msi-acrpull-demo apply --server-side .* \S+\/deploy\/samples$/,
    );
    assert.equal(
      endpoint.title,
      `https://example.invalid:6443 (kubeconfig ${path}, context test)`,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

const KUBECONFIG = JSON.stringify({
  apiVersion: "v1",
  kind: "Config",
  clusters: [{ name: "c", cluster: { server: "https://example.invalid:6443" } }],
  users: [{ name: "u", user: {} }],
  contexts: [{ name: "test", context: { cluster: "c", user: "u" } }],
});

/** Names of what a run leaves that was not there before. */
async function traces(rest: RestClient): Promise<string[]> {
  const crds = await metadataOf(rest, CRD_DEFINITION).list();
  const namespace = await ifThere(metadataOf(rest, NAMESPACE_DEFINITION).get("", NAMESPACE));
  return [...crds.items, ...(namespace ? [namespace] : [])].map(({ metadata }) => metadata.name);
}

async function installCrdsOfUser(rest: RestClient): Promise<void> {
  for (const crd of await readManifests(CRDS)) {
    await new ResourceClient(rest, CRD_DEFINITION).create("", crd);
  }
}

function createBindingOfUser(rest: RestClient, namespace: string) {
  return v1beta1.acrPullBindings(rest).create(namespace, {
    metadata: { name: "theirs" },
    spec: {
      acrServer: "example.azurecr.io",
      managedIdentityClientID: "1b461305-28be-5271-beda-bd9fd2e24251",
    },
  });
}

/** Moves with every write. */
async function resourceVersion(rest: RestClient): Promise<string> {
  return (await metadataOf(rest, NAMESPACE_DEFINITION).list()).resourceVersion;
}

function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}
