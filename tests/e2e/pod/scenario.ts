/**
 * What pod_test.ts runs in namespaces of its own: a node's network with two pods of deploy/latest, a
 * real API server and a fake Azure under its real names. It refuses to start anywhere else.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../../src/runtime/time/clock.ts";
import { FakeAzure } from "../../sandbox/azure/azure.ts";
import { eventually } from "../../suites/eventually.ts";
import { kubectlOk } from "../servers/kubectl.ts";
import type { Pod } from "./pod.ts";
import { World } from "./world.ts";

const SAMPLES = fileURLToPath(new URL("../../../deploy/samples", import.meta.url));
const TEAM = "team";
const REGISTRY = "example.azurecr.io";

/** 100m of CPU make a start last. */
const START_MS = 60_000;
/** The operator reads its token anew after a minute. */
const ROTATION_MS = 90_000;

/** ServiceAccounts of the samples, each with its binding: the resource and its name. */
const ACCOUNTS: Readonly<Record<string, [resource: string, binding: string]>> = {
  "sample-client-id": ["acrpullbindings.msi-acrpull.microsoft.com", "client-id"],
  "sample-resource-id": ["acrpullbindings.msi-acrpull.microsoft.com", "resource-id"],
  "sample-managed-identity": ["acrpullbindings.acrpull.microsoft.com", "managed-identity"],
  "sample-workload-annotations": ["acrpullbindings.acrpull.microsoft.com", "workload-annotations"],
  "sample-workload-identity": ["acrpullbindings.acrpull.microsoft.com", "workload-identity"],
};

interface StoredSecret {
  readonly type: string;
  readonly data: Readonly<Record<string, string>>;
  readonly metadata: {
    readonly name: string;
    readonly ownerReferences: readonly { readonly name: string }[];
  };
}

async function get<T>(world: World, ...what: string[]): Promise<T> {
  return JSON.parse(await kubectlOk(world.plane, ["get", ...what, "-o=json"])) as T;
}

/** The pull Secrets of an account, once it has one and all of them are there. */
async function attached(world: World, account: string): Promise<StoredSecret[]> {
  return await eventually(`${account} has a pull secret`, async () => {
    const { imagePullSecrets = [] } = await get<{ imagePullSecrets?: { name: string }[] }>(
      world,
      ...["serviceaccount", account, "-n", TEAM],
    );
    const { items } = await get<{ items: StoredSecret[] }>(world, "secrets", "-n", TEAM);
    const found = imagePullSecrets.map(({ name }) => {
      return items.find(({ metadata }) => metadata.name === name);
    });
    const secrets = found.filter((secret) => secret !== undefined);
    return secrets.length > 0 && secrets.length === found.length ? secrets : undefined;
  }, START_MS);
}

/** The one pull Secret of an account, which must hold a token that this Azure has handed out. */
async function checkAccount(world: World, account: string, binding: string): Promise<void> {
  const [secret, ...others] = await attached(world, account);
  assert.equal(others.length, 0);
  assert.equal(secret!.type, "kubernetes.io/dockerconfigjson");
  assert.deepEqual(secret!.metadata.ownerReferences.map(({ name }) => name), [binding]);
  const { auths } = JSON.parse(atob(secret!.data[".dockerconfigjson"]!)) as {
    auths: Record<string, { password: string }>;
  };
  assert.deepEqual(Object.keys(auths), [REGISTRY]);
  assert.ok(world.azure.issuedTokens().includes(auths[REGISTRY]!.password), account);
}

async function ready(pod: Pod): Promise<void> {
  await eventually(`${pod.name} is ready:\n${pod.log}`, async () => {
    return await pod.probe("/readyz") === 200 || undefined;
  }, START_MS).catch((error) => {
    throw new Error(`${error.message}\n${pod.log}`);
  });
  assert.equal(await pod.probe("/healthz"), 200);
}

/** Name of the pod that holds the Lease. */
async function leader(world: World): Promise<string> {
  const { metadata: { namespace } } = world.deployment;
  const lease = await get<{ spec: { holderIdentity?: string } }>(
    world,
    ...["lease", "aks.azure.com", "-n", namespace],
  );
  return lease.spec.holderIdentity?.split("_")[0] ?? "";
}

async function metric(pod: Pod, name: string): Promise<number> {
  const line = new RegExp(`^${name} (\\S+)$`, "m").exec(await pod.metrics());
  assert.ok(line, `${pod.name} serves ${name}`);
  return Number(line[1]);
}

/** Lines of a pod's log that tell of trouble. */
function troubles(pod: Pod): string[] {
  return pod.log.split("\n").filter((line) => line !== "" && !/"level":"(debug|info)"/.test(line));
}

/** As much of an end as the kubelet grants. */
async function checkEnd(world: World, pod: Pod): Promise<void> {
  const { terminationGracePeriodSeconds } = world.deployment.spec.template.spec;
  const { code, tookMs } = await pod.terminate();
  assert.equal(code, 0, pod.log);
  assert.ok(tookMs < terminationGracePeriodSeconds * 1000, `${pod.name} took ${tookMs} ms to end`);
  assert.match(pod.log.trimEnd().split("\n").at(-1)!, /"stopped"/);
}

/** The pods' program is in the file that BUNDLE names. */
async function startWorld(): Promise<World> {
  const bundle = Deno.env.get("BUNDLE");
  assert.ok(bundle, "pod_test.ts names the bundle");
  const azure = new FakeAzure({
    clock: systemClock,
    registries: [REGISTRY],
    subjects: ["sample-federated", "sample-workload-annotations"].map((account) =>
      `system:serviceaccount:${TEAM}:${account}`
    ),
  });
  return await World.start(azure, bundle);
}

async function checkBindings(world: World): Promise<void> {
  for (const [account, [resource, binding]] of Object.entries(ACCOUNTS)) {
    await checkAccount(world, account, binding);
    const condition = ["--for=condition=Ready", "--timeout=30s", `${resource}/${binding}`];
    await kubectlOk(world.plane, ["wait", "-n", TEAM, ...condition]);
  }
}

async function checkRotation(world: World, pod: Pod, credential: string): Promise<void> {
  await eventually(`${pod.name} uses its new token`, async () => {
    return (await world.credentialsUsedBy(pod)).includes(credential) || undefined;
  }, ROTATION_MS);
  assert.equal(await pod.probe("/readyz"), 200);
}

/** What must not have happened all along. */
async function checkQuiet(world: World, pods: readonly Pod[]): Promise<void> {
  for (const pod of pods) {
    assert.deepEqual(troubles(pod), []);
    assert.equal(pod.oomKills(), 0);
    for (const token of world.azure.issuedTokens()) assert.ok(!pod.log.includes(token));
  }
  const answers = (await world.audit()).map((event) =>
    `${event.verb} ${event.responseStatus!.code}`
  );
  // Not there yet, or another was faster: part of the conversation.
  assert.deepEqual(answers.filter((answer) => / (4(?!04|09)|5)\d\d$/.test(answer)), []);
  const strangers = world.dns.unknown.filter((name) => !name.endsWith(".cluster.local"));
  assert.deepEqual(strangers, []);
  world.azure.assertClean();
}

/** As OpenShift assigns it: a user of the namespace's range, which nothing knows, and root's group. */
const ASSIGNED = { runAsUser: 1_000_720_000, runAsGroup: 0 };

Deno.test("two pods of deploy/latest", async (context) => {
  // What follows a failed step would only wait for what cannot come.
  const step = async (name: string, run: () => Promise<void>) => {
    if (!await context.step(name, run)) throw new Error(`it failed: ${name}`);
  };
  await using world = await startWorld();
  assert.equal(world.deployment.spec.replicas, 2);
  const pods = [await world.startPod(0), await world.startPod(1, { user: ASSIGNED })] as const;
  await step("they become ready", async () => {
    await Promise.all(pods.map(ready));
  });
  const rotated = await Promise.all(pods.map((pod) => world.rotateToken(pod)));
  await step("bindings of both APIs get their credentials", async () => {
    await kubectlOk(world.plane, ["create", "namespace", TEAM]);
    await kubectlOk(world.plane, ["apply", "-n", TEAM, "-f", SAMPLES]);
    await checkBindings(world);
  });
  const leading = await leader(world);
  const [first, second] = leading === pods[0].name ? pods : [pods[1], pods[0]];
  await step("metrics are served to the pod alone, and name one leader", async () => {
    assert.equal(first.name, leading);
    assert.deepEqual(
      [await metric(first, "acrpull_leader"), await metric(second, "acrpull_leader")],
      [1, 0],
    );
    await assert.rejects(fetch(`http://${first.address}:8080/metrics`), TypeError);
  });
  await step("a token that the kubelet replaced is taken up", async () => {
    await Promise.all(pods.map((pod, index) => checkRotation(world, pod, rotated[index]!)));
  });
  await step("the leader ends in time, and the other goes on", async () => {
    await checkEnd(world, first);
    await kubectlOk(world.plane, ["delete", "secret", "--all", "-n", TEAM]);
    await eventually(`${second.name} leads`, async () => {
      return await leader(world) === second.name || undefined;
    }, START_MS);
    await checkBindings(world);
    assert.equal(await metric(second, "acrpull_leader"), 1);
    await checkEnd(world, second);
  });
  await step("nothing was refused, and nothing else was asked for", () => {
    return checkQuiet(world, pods);
  });
});
