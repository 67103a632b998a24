import assert from "node:assert/strict";
import * as v1beta1 from "../../../../src/api/v1beta1.ts";
import * as v1beta2 from "../../../../src/api/v1beta2.ts";
import { V1BETA1 } from "../../../../src/controller/binding/v1beta1.ts";
import { V1BETA2 } from "../../../../src/controller/binding/v1beta2.ts";
import type { Condition } from "../../../../src/controller/binding/view.ts";
import { bindingKeeper } from "../../../../src/controller/cluster/trim_binding.ts";
import type {
  KubernetesObject,
  Stored,
} from "../../../../src/kubernetes/resources/resource_client.ts";
import { bindingV1, bindingV2, FINALIZER, SETTINGS } from "../builders.ts";
import { viewOfV1beta1, viewOfV1beta2 } from "../views.ts";

type Binding = Stored<KubernetesObject & { spec?: unknown; status?: unknown }>;

const trimV1 = bindingKeeper(V1BETA1);
const trimV2 = bindingKeeper(V1BETA2);
const MEGABYTE = 1_000_000;
const huge = "x".repeat(MEGABYTE);

/** The strings of a spec by their places, each as long as it may be. */
function longest(maxLengths: Readonly<Record<string, number>>): object {
  const spec: Record<string, unknown> = {};
  for (const [path, most] of Object.entries(maxLengths)) {
    const [root, ...members] = path.split(".");
    if (root !== "spec") continue;
    let at = spec;
    for (const member of members.slice(0, -1)) at = (at[member] ??= {}) as typeof at;
    // The API server counts characters, of which these take two units of a string each.
    at[members.at(-1)!] = "\u{1F600}".repeat(most);
  }
  return spec;
}

const APIS = [
  ["v1beta1", trimV1, v1beta1.maxLengths],
  ["v1beta2", trimV2, v1beta2.maxLengths],
] as const;

for (const [api, trim, maxLengths] of APIS) {
  Deno.test(`trim: a ${api} binding whose values are as long as its CRD admits is kept whole`, () => {
    const spec = longest(maxLengths);
    const kept = trim({ ...bindingV1(), spec } as never);
    assert.deepEqual(kept.spec, spec);
    assert.equal("overlong" in kept, false);
  });
}

Deno.test("trim: scopes of a megabyte leave their beginning and a fault, in both APIs", () => {
  const acr = { server: "bench.azurecr.io", scope: huge, environment: "PublicCloud" } as const;
  const one = viewOfV1beta1(trimV1(bindingV1({ spec: { scope: huge } })), SETTINGS);
  const two = viewOfV1beta2(trimV2(bindingV2({ spec: { acr } })), SETTINGS);
  assert.deepEqual([one.credential, two.credential], [
    { kind: "invalid", message: "spec.scope has 1000000 characters; give at most 4096." },
    { kind: "invalid", message: "spec.acr.scope has 1000000 characters; give at most 4096." },
  ]);
});

Deno.test("trim: every value that is too long is told of, and nothing else of that spec", () => {
  const spec = {
    acr: { server: `${huge}.azurecr.io`, scope: "s", environment: "Mars" },
    auth: { workloadIdentity: { serviceAccountRef: huge, clientID: "no GUID" } },
    serviceAccountName: huge,
  } as never;
  const { credential, target } = viewOfV1beta2(trimV2(bindingV2({ spec })), SETTINGS);
  assert.deepEqual(credential, {
    kind: "invalid",
    message: "spec.acr.server has 1000011 characters; give at most 253. " +
      "spec.auth.workloadIdentity.serviceAccountRef has 1000000 characters; give at most 253. " +
      "spec.serviceAccountName has 1000000 characters; give at most 253.",
  });
  // No object has such a name.
  assert.equal(target, `${"x".repeat(64)}...`);
});

Deno.test("trim: a spec that lacks parts keeps its shape, and loses what this release knows not", () => {
  const spec = { acr: { scope: "s", later: huge }, auth: { managedIdentity: {} }, later: [huge] };
  const kept = trimV2({ ...bindingV2(), spec } as never);
  assert.deepEqual(kept.spec, { acr: { scope: "s" }, auth: { managedIdentity: {} } });
  assert.equal("spec" in trimV2({ metadata: bindingV2().metadata } as never), false);
});

const condition = (type: string, change: Partial<Condition> = {}): Condition => ({
  type,
  status: "True",
  reason: "Fine",
  message: "All is well.",
  lastTransitionTime: "2026-01-01T00:00:00Z",
  ...change,
});

Deno.test("trim: conditions and finalizers of others are kept where they are few", () => {
  const status = { conditions: [condition("Theirs"), condition("Ready"), condition("Stalled")] };
  const metadata = { ...bindingV1().metadata, finalizers: ["a/b", FINALIZER, "c/d"] };
  const kept = trimV1({ metadata, spec: {}, status } as never);
  assert.deepEqual(kept.status, status);
  assert.deepEqual(kept.metadata.finalizers, metadata.finalizers);
  assert.equal("isIncomplete" in kept, false);
});

const TOO_MUCH: readonly [
  what: string,
  change: { finalizers?: string[]; conditions?: Condition[] },
][] = [
  ["many finalizers", { finalizers: [...Array(5000).keys()].map((each) => `a/${each}`) }],
  ["a long finalizer", { finalizers: [huge] }],
  ["many conditions", { conditions: [...Array(5000).keys()].map((n) => condition(`T${n}`)) }],
  ["a condition with a long message", { conditions: [condition("T", { message: huge })] }],
];

for (const [what, { finalizers = [], conditions = [] }] of TOO_MUCH) {
  Deno.test(`trim: of ${what} of others nothing is kept but that they must be read`, () => {
    const ours = condition("Ready");
    const kept = trimV1({
      metadata: { ...bindingV1().metadata, finalizers: [...finalizers, FINALIZER] },
      spec: {},
      status: { conditions: [...conditions, ours] },
    } as never);
    assert.deepEqual(kept.metadata.finalizers, [FINALIZER]);
    assert.deepEqual((kept.status as { conditions: Condition[] }).conditions, [ours]);
    const view = viewOfV1beta1(kept as never, SETTINGS);
    assert.equal(view.isIncomplete, true);
  });
}

Deno.test("trim: what the operator would not write itself is not taken for its own word", () => {
  const conditions = [
    condition("Ready", { message: huge }),
    condition("Stalled", { lastTransitionTime: huge }),
  ];
  const status = {
    ...{ error: huge, lastTokenRefreshTime: huge, tokenExpirationTime: huge },
    ...{ observedGeneration: 3, later: huge, conditions },
  };
  const kept = trimV1({ metadata: bindingV1().metadata, spec: {}, status } as never);
  const cut = `${"x".repeat(61)}...`;
  assert.deepEqual(kept.status as unknown, {
    ...{ error: cut, lastTokenRefreshTime: cut, tokenExpirationTime: cut },
    ...{ observedGeneration: 3, conditions: [] },
  });
  assert.equal("isIncomplete" in kept, false);
});

Deno.test("trim: whatever a binding holds, few kilobytes of it are kept", () => {
  const names = [...Array(40).keys()].map((each) => `${each}-${"n".repeat(25_000)}`);
  const everything = (value: unknown) => Object.fromEntries(names.map((name) => [name, value]));
  const spec = { ...longest(v1beta2.maxLengths), ...everything({ deep: everything(1) }) };
  const binding: Binding = {
    metadata: {
      ...bindingV2().metadata,
      labels: everything("x"),
      annotations: everything("x"),
      finalizers: names,
      ownerReferences: names.map((name) => ({ apiVersion: "v1", kind: name, name, uid: name })),
      managedFields: names.map((manager) => ({ manager, fieldsV1: everything({}) })),
    } as never,
    spec: { ...spec, acr: { ...(spec as { acr: object }).acr, scope: huge } },
    status: { ...everything(huge), error: huge, conditions: names.map((name) => condition(name)) },
  };
  const kept = JSON.stringify(trimV2(binding as never)).length;
  assert.ok(kept < 20_000, `${kept} of ${JSON.stringify(binding).length}`);
});

Deno.test("trim: of the longest values that the CRDs admit 27,000 characters are kept", () => {
  for (const unit of ["a", "\u4e2d", "\u{1f600}"]) {
    const admitted = (most: number) => unit.repeat(most);
    const spec = longest(v1beta2.maxLengths) as { acr: object };
    const told = (type: string) => ({ ...condition(type), message: admitted(4096 / unit.length) });
    const binding: Binding = {
      ...bindingV2(),
      spec: {
        ...spec,
        acr: { ...spec.acr, scope: admitted(v1beta2.maxLengths["spec.acr.scope"]!) },
      } as never,
      status: {
        error: admitted(4096 / unit.length),
        conditions: ["Ready", "Stalled", "Theirs"].map(told),
      },
    };
    const trimmed = trimV2(binding as never);
    assert.equal(trimmed.overlong, undefined);
    const kept = JSON.stringify(trimmed).length;
    assert.ok(kept <= 27_000, `${kept} of ${unit}`);
  }
});

Deno.test("trim: of a binding everything that a view is made of is kept, and nothing else", () => {
  const told = {
    generation: 3,
    deletionTimestamp: "2030-01-01T00:00:00Z",
    finalizers: ["a", "b"],
  };
  const metadata = { name: "s", namespace: "team-a", uid: "u", resourceVersion: "7" };
  const binding = {
    apiVersion: "msi-acrpull.microsoft.com/v1beta1",
    kind: "AcrPullBinding",
    metadata: {
      ...metadata,
      ...told,
      creationTimestamp: "2029-01-01T00:00:00Z",
      labels: { app: "x" },
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
      managedFields: [{ manager: "x", fieldsV1: { "f:data": {} } }],
    },
    spec: { acrServer: "example.azurecr.io" },
    status: { error: "" },
  };
  const { spec, status } = binding;
  assert.deepEqual(trimV1(binding), { metadata: { ...metadata, ...told }, spec, status });
  assert.deepEqual(trimV1({ metadata }), { metadata });
});
