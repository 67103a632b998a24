import assert from "node:assert/strict";
import { APIS } from "../../../../src/controller/binding/apis.ts";
import { followLarge } from "../../../../src/controller/cluster/large.ts";
import { type CachedSecret, keepSecret } from "../../../../src/controller/cluster/cached_secret.ts";
import { keepServiceAccount } from "../../../../src/controller/cluster/cached_service_account.ts";
import { bindingKeeper } from "../../../../src/controller/cluster/trim_binding.ts";
import { LargeObjects } from "../../../../src/kubernetes/http/large_objects.ts";
import { Informer } from "../../../../src/kubernetes/informer/informer.ts";
import {
  SECRET,
  secrets,
  SERVICE_ACCOUNT,
  type ServiceAccount,
  serviceAccounts,
} from "../../../../src/kubernetes/resources/built_in.ts";
import {
  type KubernetesObject,
  type PartialObjectMetadata,
  ResourceClient,
  type ResourceDefinition,
  type Stored,
} from "../../../../src/kubernetes/resources/resource_client.ts";
import { systemClock } from "../../../../src/runtime/time/clock.ts";
import { restOver } from "../rest.ts";

const BINDING: ResourceDefinition = {
  group: "acrpull.microsoft.com",
  version: "v1beta2",
  plural: "acrpullbindings",
  kind: "AcrPullBinding",
  namespaced: true,
};

const METADATA = { name: "a", namespace: "team", uid: "u", resourceVersion: "1" };
const MEGABYTE = "x".repeat(1_000_000);

const many = (count: number, of: (index: number) => object) =>
  Array.from({ length: count }, (_, index) => of(index));
const keys = Object.fromEntries(
  Array.from({ length: 380 }, (_, index) => [`${"d".repeat(240)}/${"k".repeat(50)}${index}`, ""]),
);
const fields = (manager: string, fieldsV1: object) => ({ manager, operation: "Update", fieldsV1 });
const ANNOTATED = {
  "f:metadata": {
    "f:annotations": Object.fromEntries(Object.keys(keys).map((key) => [`f:${key}`, {}])),
  },
};

/** What others can make large of whatever has metadata. */
const SHAPES: readonly [what: string, metadata: object][] = [
  ["a kind of an owner", {
    ownerReferences: [{ apiVersion: "x/v1", kind: MEGABYTE, name: "n", uid: "u" }],
  }],
  ["a UID of an owner", {
    ownerReferences: [{ apiVersion: "v1", kind: "X", name: "n", uid: MEGABYTE }],
  }],
  ["an owner whose text takes six bytes for one", {
    ownerReferences: [{ apiVersion: "v1", kind: "<".repeat(10_000), name: "n", uid: "u" }],
  }],
  ["keys of annotations", { annotations: keys }],
  ["managers that name the keys of annotations", {
    managedFields: many(8, (index) => fields(`m${index}`, ANNOTATED)),
  }],
  ["an annotation", { annotations: { note: MEGABYTE } }],
  ["thousands of labels", {
    labels: Object.fromEntries(
      Array.from({ length: 3000 }, (_, index) => [`label-${index}`, `value-${index}`]),
    ),
  }],
  ["a finalizer", { finalizers: [MEGABYTE] }],
];

/** As the API server writes it. */
function json(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

interface Client {
  list: ResourceClient<KubernetesObject>["list"];
  watch: ResourceClient<KubernetesObject>["watch"];
  get: ResourceClient<KubernetesObject>["get"];
  patch: ResourceClient<KubernetesObject>["patch"];
}

/** The ways by which an object comes to be known. */
const WAYS: readonly [how: string, read: (client: Client) => Promise<Stored<KubernetesObject>>][] =
  [
    ["a list", async (client) => {
      const found: Stored<KubernetesObject>[] = [];
      await client.list({}, (object) => found.push(object));
      return found[0]!;
    }],
    ["a watch", async (client) => {
      const { value } = await (await client.watch({ resourceVersion: "1" })).getReader().read();
      assert.ok(value?.type === "MODIFIED");
      return value.object;
    }],
    ["a read", (client) => client.get("team", "a")],
    [
      "the answer to a write",
      (client) => client.patch("team", "a", { type: "merge", body: {} }),
    ],
  ];

/** An API server that has this one object, and sends what it says in pieces. */
function restWith(object: object) {
  return restOver((request) => {
    const { pathname, searchParams } = new URL(request.url);
    const isPartial = (request.headers.get("accept") ?? "").includes("as=");
    const one = isPartial ? { kind: "PartialObjectMetadata", ...object } : object;
    const list = { metadata: { resourceVersion: "1" }, items: [one] };
    const answer = pathname.endsWith("/a")
      ? one
      : searchParams.has("watch")
      ? { type: "MODIFIED", object: one }
      : isPartial
      ? { kind: "PartialObjectMetadataList", ...list }
      : list;
    return Promise.resolve(
      new Response(inPieces(`${json(answer)}\n`), {
        headers: { "content-type": "application/json" },
      }),
    );
  }, systemClock);
}

function inPieces(text: string): ReadableStream<Uint8Array<ArrayBuffer>> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at += 16_384));
    },
  });
}

const trimBinding = bindingKeeper({ maxLengths: {} });

/** What is kept of each kind of object that the operator follows. */
const KINDS: readonly [
  what: string,
  client: (rest: ReturnType<typeof restWith>) => Client,
  trim: (object: Stored<KubernetesObject>) => unknown,
][] = [
  [
    "a ServiceAccount",
    (rest) => serviceAccounts(rest),
    (object) => keepServiceAccount(object as Stored<ServiceAccount>, APIS),
  ],
  [
    "a Secret's metadata",
    (rest) => secrets(rest).metadataOnly(),
    (object) => keepSecret(object, APIS),
  ],
  [
    "a binding",
    (rest) => new ResourceClient(rest, BINDING),
    (object) => trimBinding(object as Parameters<typeof trimBinding>[0]),
  ],
];

const OURS = [fields("msi-acrpull-deno", { "f:data": { ".": {}, "f:.dockerconfigjson": {} } })];

for (const [kind, clientOver, trim] of KINDS) {
  for (const [how, read] of WAYS) {
    Deno.test(`large: ${kind} is known to be large by ${how}, whatever makes it so`, async () => {
      for (const [what, change] of SHAPES) {
        const metadata = { managedFields: OURS, ...METADATA, ...change };
        const client = clientOver(restWith({ metadata }));
        const { isLarge } = trim(await read(client)) as { isLarge?: true };
        assert.equal(isLarge, true, what);
      }
      const client = clientOver(restWith({ metadata: { ...METADATA, managedFields: OURS } }));
      assert.ok(!("isLarge" in (trim(await read(client)) as object)), "an ordinary one");
    });
  }
}

for (
  const [what, managedFields, large] of [
    ["the credential alone", OURS, false],
    ["the credential alone, by another manager", [fields("kubectl", OURS[0]!.fieldsV1)], false],
    [
      "data of another's beside it",
      [...OURS, fields("kubectl", { "f:data": { "f:junk": {} } })],
      true,
    ],
    ["data beside it in the operator's own name", [
      fields("msi-acrpull-deno", { "f:data": { "f:.dockerconfigjson": {}, "f:junk": {} } }),
    ], true],
    ["what nobody tells", [], true],
  ] as const
) {
  Deno.test(`large: a Secret of ${what} ${large ? "may be" : "is not"} large`, () => {
    const { isLarge = false } = keepSecret({
      metadata: { ...METADATA, managedFields: managedFields as never },
    }, APIS);
    assert.equal(isLarge, large);
  });
}

Deno.test("large: writes to a Secret wait for one another once a tenant filled it, and no more once it is emptied", async () => {
  const largeObjects = new LargeObjects(() => 0);
  const informer = new Informer<PartialObjectMetadata, CachedSecret>({
    name: "secrets",
    resource: { list: () => Promise.reject(new Error()), watch: () => Promise.reject(new Error()) },
    clock: systemClock,
    random: () => 0,
    keep: (secret) => keepSecret(secret, APIS),
  });
  followLarge(informer, SECRET, largeObjects);
  const secret = (resourceVersion: string, managedFields: object[]) =>
    informer.observe({ metadata: { ...METADATA, resourceVersion, managedFields } as never });
  secret("1", OURS);
  assert.equal(largeObjects.size, 0);
  secret("2", [...OURS, fields("kubectl", { "f:data": { "f:junk": {} } })]);
  assert.equal(largeObjects.size, 1);
  secret("3", OURS);
  assert.equal(largeObjects.size, 0);
  await Promise.resolve();
});

Deno.test("large: of a ServiceAccount's text no more than 32 KiB comes into memory", async () => {
  const metadata = {
    ...METADATA,
    ownerReferences: [{ apiVersion: "v1", kind: "<".repeat(1_300_000), name: "n", uid: "u" }],
  };
  const client = serviceAccounts(restWith({ metadata, imagePullSecrets: [{ name: "theirs" }] }));
  for (const [how, read] of WAYS) {
    const account = await read(client as Client);
    const { kind } = account.metadata.ownerReferences![0]!;
    assert.ok(kind.length < SERVICE_ACCOUNT.longestString! && kind.startsWith("<<<"), how);
    assert.deepEqual((account as { imagePullSecrets?: unknown }).imagePullSecrets, [{
      name: "theirs",
    }]);
  }
});
