import assert from "node:assert/strict";
import type { ControlPlane } from "./servers/control_plane.ts";
import { eventually } from "../suites/eventually.ts";
import { kubectl, kubectlOk, type KubectlResult } from "./servers/kubectl.ts";
import { OPERATOR } from "./servers/manifests.ts";
import {
  asOperator,
  BINDINGS,
  createAsAdmin,
  denial,
  mayDoAll,
  patchAsOperator,
  withPolicies,
} from "./servers/policies.ts";

const POLICY = "msi-acrpull-bindings";
const OURS = "msi-acrpull.microsoft.com";
const THEIRS = "example.com/hold";
const OWNER = { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: "0e3a4a10" };

type Binding = typeof BINDINGS[number];

/** `kind.group/name` of a binding. */
function reference({ apiVersion }: Binding): string {
  return `acrpullbindings.${apiVersion.split("/")[0]}/pull`;
}

const SPEC = "the operator never changes the spec of a binding";
const METADATA = "the operator never changes labels, annotations or owners of a binding";
const FINALIZER = "the operator adds and removes only the finalizer msi-acrpull.microsoft.com";

/** The finalizers that a binding has, a merge patch, and the refusal that it meets, if any. */
const CHANGES: readonly [string, readonly string[], unknown, string | undefined][] = [
  ["adds its finalizer", [], { metadata: { finalizers: [OURS] } }, undefined],
  [
    "adds its finalizer to another's",
    [THEIRS],
    { metadata: { finalizers: [THEIRS, OURS] } },
    undefined,
  ],
  ["adds another's finalizer", [], { metadata: { finalizers: [OURS, THEIRS] } }, FINALIZER],
  ["removes another's finalizer", [THEIRS], { metadata: { finalizers: [OURS] } }, FINALIZER],
  [
    "removes its finalizer from what nobody deletes",
    [OURS],
    { metadata: { finalizers: null } },
    "the operator removes its finalizer only from a binding that is being deleted",
  ],
  ["changes the account", [], { spec: { serviceAccountName: "admin" } }, SPEC],
  ["changes the v1beta1 registry", [], { spec: { acrServer: "evil.azurecr.io" } }, SPEC],
  ["changes the v1beta2 registry", [], { spec: { acr: { server: "evil.azurecr.io" } } }, SPEC],
  ["labels it", [], { metadata: { labels: { tier: "ours" } } }, METADATA],
  ["annotates it", [], { metadata: { annotations: { tier: "ours" } } }, METADATA],
  ["has it owned", [], { metadata: { ownerReferences: [OWNER] } }, METADATA],
];

/** What the schema of one API drops is no change there. */
const OTHER_API = {
  "changes the v1beta1 registry": "acrpull.microsoft.com/v1beta2",
  "changes the v1beta2 registry": "msi-acrpull.microsoft.com/v1beta1",
} as Readonly<Record<string, string>>;

for (const binding of BINDINGS) {
  const { apiVersion } = binding;
  withPolicies(`of a binding the operator changes its finalizer, ${apiVersion}`, async (plane) => {
    const cases = CHANGES.filter(([name]) => OTHER_API[name] !== apiVersion);
    for (const [name, finalizers, patch, refusal] of cases) {
      const namespace = await plane.createNamespace();
      await mayDoAll(plane, namespace);
      const metadata = { ...binding.metadata, finalizers };
      await createAsAdmin(plane, namespace, { ...binding, metadata });
      const result = await patchAsOperator(plane, namespace, reference(binding), patch);
      judge(result, refusal, name);
      await release(plane, namespace, binding);
    }
  });

  withPolicies(`the operator lets go what is being deleted, ${apiVersion}`, async (plane) => {
    const namespace = await plane.createNamespace();
    await mayDoAll(plane, namespace);
    const metadata = { ...binding.metadata, finalizers: [OURS, THEIRS] };
    await createAsAdmin(plane, namespace, { ...binding, metadata });
    const what = reference(binding);
    await kubectlOk(plane, ["delete", "--wait=false", "-n", namespace, what]);
    const left = (finalizers: string[]) =>
      patchAsOperator(plane, namespace, what, { metadata: { finalizers } });
    judge(await left([]), FINALIZER, "removes both");
    const told = { status: { error: "the Secret cannot be deleted" } };
    const asStatus = ["--subresource=status"];
    judge(await patchAsOperator(plane, namespace, what, told, asStatus), undefined, "tells why");
    judge(
      await patchAsOperator(plane, namespace, what, { metadata: { labels: { tier: "x" } } }),
      METADATA,
      "labels it on its way out",
    );
    judge(await left([THEIRS]), undefined, "removes its own");
    await release(plane, namespace, binding);
  });

  withPolicies(
    `the operator writes the status as its subresource, ${apiVersion}`,
    async (plane) => {
      const namespace = await plane.createNamespace();
      await mayDoAll(plane, namespace);
      await createAsAdmin(plane, namespace, binding);
      const what = reference(binding);
      const patch = { status: { error: "told" } };
      const asStatus = ["--subresource=status"];
      judge(await patchAsOperator(plane, namespace, what, patch, asStatus), undefined, "tells");
      const { status } = await read(plane, namespace, binding);
      assert.deepEqual(status, { observedGeneration: -1, error: "told" });
      await release(plane, namespace, binding);
    },
  );

  withPolicies(`the operator neither creates nor deletes, ${apiVersion}`, async (plane) => {
    const namespace = await plane.createNamespace();
    await mayDoAll(plane, namespace);
    const refusal = "the operator neither creates nor deletes bindings";
    judge(await asOperator(plane, namespace, binding), refusal, "creates");
    await createAsAdmin(plane, namespace, binding);
    const args = ["delete", "-n", namespace, reference(binding)];
    judge(await kubectl(plane, args, { user: OPERATOR.user }), refusal, "deletes");
    await release(plane, namespace, binding);
  });

  withPolicies(`what the Go implementation writes is allowed, ${apiVersion}`, async (plane) => {
    const namespace = await plane.createNamespace();
    await mayDoAll(plane, namespace);
    await createAsAdmin(plane, namespace, binding);
    const put = (object: unknown, ...more: string[]) =>
      kubectl(plane, ["replace", "-n", namespace, "-f", "-", ...more], {
        stdin: JSON.stringify(object),
        user: OPERATOR.user,
      });
    const before = await read(plane, namespace, binding);
    const metadata = { ...before.metadata, finalizers: [OURS] };
    const finalized = { ...before, metadata, spec: { ...EMPTY[apiVersion], ...before.spec } };
    judge(await put(finalized), undefined, "adds its finalizer");
    const now = await read(plane, namespace, binding);
    judge(
      await put({ ...now, status: { error: "x" } }, "--subresource=status"),
      undefined,
      "tells",
    );
    const filled = { ...await read(plane, namespace, binding), spec: CHANGED[apiVersion] };
    judge(await put(filled), SPEC, "changes the spec");
    await kubectlOk(plane, ["delete", "--wait=false", "-n", namespace, reference(binding)]);
    const last = await read(plane, namespace, binding);
    judge(
      await put({ ...last, metadata: { ...last.metadata, finalizers: [] } }),
      undefined,
      "removes its finalizer",
    );
  });
}

/** Go writes strings that have no value as empty ones. */
const EMPTY: Readonly<Record<string, object>> = {
  "msi-acrpull.microsoft.com/v1beta1": {
    acrServer: "",
    scope: "",
    managedIdentityClientID: "",
    managedIdentityResourceID: "",
  },
};

const CHANGED: Readonly<Record<string, object>> = {
  "msi-acrpull.microsoft.com/v1beta1": { acrServer: "" },
  "acrpull.microsoft.com/v1beta2": { ...BINDINGS[1].spec, serviceAccountName: "admin" },
};

withPolicies("users change their bindings as before", async (plane) => {
  for (const binding of BINDINGS) {
    const namespace = await plane.createNamespace();
    await mayDoAll(plane, namespace);
    await createAsAdmin(plane, namespace, binding);
    const patch = { metadata: { labels: { tier: "web" } }, spec: { serviceAccountName: "web" } };
    const args = ["patch", "-n", namespace, reference(binding), "--type=merge"];
    await kubectlOk(plane, [...args, `-p=${JSON.stringify(patch)}`]);
    await kubectlOk(plane, ["delete", "-n", namespace, reference(binding)]);
  }
});

// The last: it leaves a CRD without the subresource status, as one from elsewhere may be.
withPolicies("no status goes in beside the subresource", async (plane) => {
  const [binding] = BINDINGS;
  const namespace = await plane.createNamespace();
  const crd = "crd/acrpullbindings.msi-acrpull.microsoft.com";
  const removal = [{ op: "remove", path: "/spec/versions/0/subresources" }];
  await createAsAdmin(plane, namespace, binding);
  await kubectlOk(plane, ["patch", crd, "--type=json", `-p=${JSON.stringify(removal)}`]);
  const patch = { status: { error: "told" } };
  const refusal = denial(POLICY, "the operator writes the status of a binding only as its");
  await eventually("the status is refused", async () => {
    const result = await patchAsOperator(plane, namespace, reference(binding), patch);
    return refusal.test(result.stderr) || undefined;
  });
});

function judge({ code, stderr }: KubectlResult, refusal: string | undefined, name: string): void {
  if (refusal === undefined) assert.equal(code, 0, `${name}: ${stderr}`);
  else assert.match(stderr, denial(POLICY, refusal), name);
}

type Read = {
  metadata: Record<string, unknown>;
  spec: Record<string, unknown>;
  status?: unknown;
};

async function read(plane: ControlPlane, namespace: string, binding: Binding): Promise<Read> {
  return JSON.parse(
    await kubectlOk(plane, ["get", "-n", namespace, reference(binding), "-o=json"]),
  );
}

/** Deletes the binding without the operator's help. */
async function release(plane: ControlPlane, namespace: string, binding: Binding): Promise<void> {
  const patch = ["--type=merge", '-p={"metadata":{"finalizers":null}}'];
  await kubectlOk(plane, ["patch", "-n", namespace, reference(binding), ...patch]);
  await kubectlOk(plane, ["delete", "--ignore-not-found", "-n", namespace, reference(binding)]);
}
