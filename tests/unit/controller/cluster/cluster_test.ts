import assert from "node:assert/strict";
import { BindingApis } from "../../../../src/controller/binding/apis.ts";
import { V1BETA1 } from "../../../../src/controller/binding/v1beta1.ts";
import { CLIENT_ID, SCOPE, SERVER } from "../builders.ts";
import { NAMESPACE, Rig, V1, V2 } from "../rig.ts";

const V1_PULL = `v1beta1/${NAMESPACE}/pull`;
const V2_PULL = `v1beta2/${NAMESPACE}/pull`;
const V2_FED = `v1beta2/${NAMESPACE}/fed`;
const LABEL = "acr.microsoft.com/binding";

const bindingV1 = (name: string, spec: object = {}) => ({
  ...V1,
  metadata: { name },
  spec: { acrServer: SERVER, managedIdentityClientID: CLIENT_ID, ...spec },
});
const bindingV2 = (name: string, spec: object = {}) => ({
  ...V2,
  metadata: { name },
  spec: {
    acr: { server: SERVER, scope: SCOPE, environment: "PublicCloud" },
    auth: { managedIdentity: { clientID: CLIENT_ID } },
    serviceAccountName: "default",
    ...spec,
  },
});
const account = (name: string, ...pullSecrets: string[]) => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name },
  imagePullSecrets: pullSecrets.map((each) => ({ name: each })),
});
const secret = (name: string, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, labels: { [LABEL]: "nobody" }, ...metadata },
});
const owned = (kind: typeof V1, name: string, uid: string) => ({
  ownerReferences: [{ ...kind, name, uid }],
});

/** More names than are kept of an account, as long as each may be. */
const CROWD = [...Array(400).keys()].map((each) => `acr-pull-nobody-${each}`);

/** Bindings of both APIs, one of them federated by an account beside its target. */
async function started(): Promise<Rig & { keys: string[] }> {
  const rig = Object.assign(new Rig(), { keys: [] as string[] });
  rig.apply(bindingV1("pull"));
  rig.apply(bindingV2("pull", { serviceAccountName: "builder" }));
  const auth = { workloadIdentity: { serviceAccountRef: "federated" } };
  rig.apply(bindingV2("fed", { auth, serviceAccountName: "builder" }));
  rig.cluster.subscribe((key) => rig.keys.push(key));
  await rig.start();
  rig.keys.length = 0;
  return rig;
}

const CASES: readonly {
  readonly when: string;
  /** What is there before. */
  readonly before?: readonly object[];
  readonly change: object | { readonly delete: string };
  readonly keys: readonly string[];
}[] = [
  {
    when: "a binding that comes is told of",
    change: bindingV1("new"),
    keys: [`v1beta1/${NAMESPACE}/new`],
  },
  {
    when: "a binding that changes is told of",
    change: bindingV1("pull", { scope: SCOPE }),
    keys: [V1_PULL],
  },
  {
    when: "a binding that goes is told of",
    change: {
      delete: `/apis/acrpull.microsoft.com/v1beta2/namespaces/${NAMESPACE}/acrpullbindings/fed`,
    },
    keys: [V2_FED],
  },
  {
    when: "a target that comes concerns those that name it",
    change: account("builder"),
    keys: [V2_PULL, V2_FED],
  },
  {
    when: "v1beta1's default target is an account like others",
    change: account("default"),
    keys: [V1_PULL],
  },
  {
    when: "a federated account concerns those that federate by it",
    change: account("federated"),
    keys: [V2_FED],
  },
  {
    when: "an account that nobody names concerns nobody",
    change: account("other", "regcred"),
    keys: [],
  },
  {
    when: "a reference to a binding's Secret concerns that binding, wherever it stands",
    change: account("other", "acr-pull-pull", "pull-msi-acrpull-secret"),
    keys: [V2_PULL, V1_PULL],
  },
  {
    when: "a reference that goes concerns its binding, too",
    before: [account("other", "acr-pull-pull")],
    change: account("other"),
    keys: [V2_PULL],
  },
  {
    when: "one among very many references concerns its binding, wherever it stands",
    change: account("other", ...CROWD, "acr-pull-pull", "pull-msi-acrpull-secret"),
    keys: [V1_PULL, V2_PULL],
  },
  {
    when: "one among very many references that goes concerns its binding, too",
    before: [account("other", ...CROWD, "acr-pull-fed")],
    change: account("other", ...CROWD),
    keys: [V2_FED],
  },
  {
    when: "a target that goes concerns those that name it",
    before: [account("builder")],
    change: { delete: `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/builder` },
    keys: [V2_PULL, V2_FED],
  },
  {
    when: "a Secret of a binding's name concerns it, whoever owns it",
    change: secret("acr-pull-pull"),
    keys: [V2_PULL],
  },
  {
    when: "a Secret with a binding's label concerns the bindings of that name",
    change: secret("other", { labels: { [LABEL]: "pull" } }),
    keys: [V1_PULL, V2_PULL],
  },
  {
    when: "a Secret that a binding owns concerns the bindings of its owner's name",
    change: secret("other", owned(V2, "fed", "x")),
    keys: [V2_FED],
  },
  {
    when: "a Secret that names no binding concerns nobody",
    change: secret("other", owned({ apiVersion: "apps/v1", kind: "Deployment" }, "fed", "x")),
    keys: [],
  },
  {
    when: "a Secret that changes hands concerns those of before and of now",
    before: [secret("other", owned(V2, "fed", "x"))],
    change: secret("other", owned(V1, "pull", "x")),
    keys: [V2_FED, V1_PULL, V2_PULL],
  },
  {
    when: "a Secret that loses its label leaves the cache, and concerns those of before",
    before: [secret("acr-pull-pull", { labels: { [LABEL]: "fed" } })],
    change: secret("acr-pull-pull", { labels: {} }),
    keys: [V2_PULL, V2_FED],
  },
];

for (const { when, before = [], change, keys } of CASES) {
  Deno.test(`cluster: ${when}`, async () => {
    await using rig = await started();
    for (const object of before) rig.apply(object);
    await rig.sync();
    rig.keys.length = 0;
    if ("delete" in change) await rig.send("DELETE", change.delete as string);
    else rig.apply(change);
    await rig.sync();
    assert.deepEqual([...new Set(rig.keys)].sort(), [...keys].sort());
  });
}

const snapshotOf = (rig: Rig, api: "v1beta1" | "v1beta2", name: string) =>
  rig.cluster.snapshot({ api, namespace: NAMESPACE, name })!;

Deno.test("cluster: the keys are those of all bindings", async () => {
  await using rig = await started();
  assert.deepEqual([...rig.cluster.keys()].sort(), [V1_PULL, V2_FED, V2_PULL]);
});

Deno.test("cluster: a binding that is not there has neither view nor snapshot", async () => {
  await using rig = await started();
  const id = { api: "v1beta1", namespace: NAMESPACE, name: "gone" } as const;
  assert.deepEqual([rig.cluster.view(id), rig.cluster.snapshot(id)], [undefined, undefined]);
});

Deno.test("cluster: a snapshot holds Secrets by owner, by label and by name, and no others", async () => {
  await using rig = await started();
  const { uid } = rig.cluster.view({ api: "v1beta2", namespace: NAMESPACE, name: "pull" })!;
  rig.apply(secret("acr-pull-pull"));
  rig.apply(secret("labelled", { labels: { [LABEL]: "pull" } }));
  rig.apply(secret("owned", owned(V2, "pull", uid)));
  rig.apply(secret("other"));
  rig.apply(secret("acr-pull-fed", { labels: { [LABEL]: "fed" } }));
  await rig.sync();
  const names = snapshotOf(rig, "v1beta2", "pull").secrets.map(({ name }) => name);
  assert.deepEqual(names.sort(), ["acr-pull-pull", "labelled", "owned"]);
});

Deno.test("cluster: a snapshot holds the target, the federated account, and all that refer to its Secrets", async () => {
  await using rig = await started();
  const { uid } = rig.cluster.view({ api: "v1beta2", namespace: NAMESPACE, name: "fed" })!;
  rig.apply(secret("acr-pull-old", owned(V2, "fed", uid)));
  rig.apply(account("builder", "regcred"));
  rig.apply(account("federated"));
  rig.apply(account("by-name", "regcred", "acr-pull-fed"));
  rig.apply(account("by-old-name", "acr-pull-old"));
  rig.apply(account("other", "acr-pull-pull"));
  await rig.sync();
  const { serviceAccounts } = snapshotOf(rig, "v1beta2", "fed");
  assert.deepEqual(
    [...serviceAccounts].map(([name, { pullSecrets }]) => [name, ...pullSecrets]).sort(),
    [
      ["builder", "regcred"],
      ["by-name", "regcred", "acr-pull-fed"],
      ["by-old-name", "acr-pull-old"],
      ["federated"],
    ],
  );
});

Deno.test("cluster: accounts that name very many Secrets are known by the binding's own", async () => {
  await using rig = await started();
  rig.apply(account("builder", ...CROWD));
  rig.apply(account("federated", ...CROWD, "acr-pull-fed"));
  rig.apply(account("by-name", "regcred", ...CROWD, "acr-pull-fed"));
  rig.apply(account("other", ...CROWD, "acr-pull-pull"));
  await rig.sync();
  const { serviceAccounts } = snapshotOf(rig, "v1beta2", "fed");
  assert.deepEqual(
    [...serviceAccounts].map(([name, { pullSecrets }]) => [name, ...pullSecrets]).sort(),
    [["builder"], ["by-name", "acr-pull-fed"], ["federated", "acr-pull-fed"]],
  );
});

Deno.test("cluster: a spec is understood once, however often its binding is written and looked at", async () => {
  let understood = 0;
  const asked: typeof V1BETA1.asked = (...args) => (understood++, V1BETA1.asked(...args));
  const apis = new BindingApis([{ ...V1BETA1, asked }]);
  await using rig = new Rig(false, apis);
  rig.apply(bindingV1("pull"));
  await rig.start();
  const id = { api: "v1beta1", namespace: NAMESPACE, name: "pull" };
  const path = `/apis/${V1.apiVersion}/namespaces/${NAMESPACE}/acrpullbindings/pull`;
  const scope = () => {
    const { credential } = rig.cluster.snapshot(id)!.binding;
    return credential.kind === "managedIdentity" ? credential.scope : undefined;
  };
  for (const error of ["one", "two"]) {
    await rig.send("PATCH", `${path}/status`, { status: { error } });
    await rig.sync();
    assert.equal(rig.cluster.view(id)!.status.error, error);
    assert.equal(scope(), "");
  }
  assert.equal(understood, 1);
  rig.apply(bindingV1("pull", { scope: SCOPE }));
  await rig.sync();
  assert.deepEqual([scope(), scope(), understood], [SCOPE, SCOPE, 2]);
});
