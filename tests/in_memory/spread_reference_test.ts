import assert from "node:assert/strict";
import type { KubernetesObject } from "../../src/kubernetes/resources/resource_client.ts";
import { StillRig } from "./still_rig.ts";

const ACCOUNT = { apiVersion: "v1", kind: "ServiceAccount" };
const BINDING = { apiVersion: "msi-acrpull.microsoft.com/v1beta1", kind: "AcrPullBinding" };
const SECRET = "app-msi-acrpull-secret";
const MINUTE = 60_000;

interface Account extends KubernetesObject {
  readonly imagePullSecrets?: readonly { readonly name: string }[];
}

interface Binding extends KubernetesObject {
  readonly status: { readonly error?: string; readonly conditions: { readonly reason: string }[] };
}

Deno.test("spread reference: a rule that puts our Secret into twenty accounts is told, and not raced", async () => {
  await using rig = new StillRig();
  let writes = 0;
  rig.intercept = ({ method, url }) => {
    if (method === "PATCH" && url.includes("/serviceaccounts/")) writes++;
    return undefined;
  };
  await rig.start();
  rig.bind("team", "app");
  await rig.untilReady("team", "app", 5000);
  const attached = writes;
  for (let second = 0; second < 600; second++) {
    for (let n = 0; n < 20; n++) spread(rig, `x${n}`);
    await rig.time.pass(MINUTE / 60);
  }
  // A round of all at first, and ever fewer later.
  assert.ok(writes - attached <= 200, `${writes - attached} writes in ten minutes`);
  const { status } = rig.kubernetes.get(BINDING, "team", "app") as unknown as Binding;
  assert.match(status.error!, /^Changing service account x\d+ is undone: the removal of /);
  assert.equal(status.conditions[0]!.reason, "ChangesUndone");
  assert.ok(rig.isReady("team", "app"), "pods of its own account can pull");
});

function spread(rig: StillRig, name: string): void {
  const account = rig.kubernetes.get(ACCOUNT, "team", name) as unknown as Account | undefined;
  if (account?.imagePullSecrets?.some((each) => each.name === SECRET)) return;
  const metadata = { namespace: "team", name };
  rig.kubernetes.apply({ ...ACCOUNT, metadata, imagePullSecrets: [{ name: SECRET }] } as never);
}
