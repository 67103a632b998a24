import assert from "node:assert/strict";
import { APIS, BindingApis } from "../../../src/controller/binding/apis.ts";
import { Controller } from "../../../src/controller/controller.ts";
import type { ReconcileReport } from "../../../src/controller/report.ts";
import { LargeObjects } from "../../../src/kubernetes/http/large_objects.ts";
import type { KubernetesObject, ObjectMeta } from "../../../src/kubernetes/resources/object.ts";
import { Redacted } from "../../../src/runtime/masking/redacted.ts";
import { Breather } from "../../../src/runtime/time/breather.ts";
import { encodeJwt } from "../../sandbox/azure/jwt.ts";
import { InMemoryKubernetes } from "../../sandbox/kubernetes/server.ts";
import { readModules } from "../imports.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";
import { CLIENT_ID, HOUR, SCOPE, SECOND, SERVER, SETTINGS } from "./builders.ts";
import { restOver } from "./rest.ts";
import { NAMESPACE, V1, V2 } from "./rig.ts";
import { THIRD, THIRD_CRD } from "./third_api.ts";

const FOLDER = new URL("../../../deploy/crds/", import.meta.url);
const CRDS = ["msi-acrpull.microsoft.com", "acrpull.microsoft.com"].map((group) =>
  Deno.readTextFileSync(new URL(`${group}_acrpullbindings.yaml`, FOLDER))
);
const V3 = { apiVersion: "third.example.com/v3", kind: "AcrPullBinding" };
const SECRET = { apiVersion: "v1", kind: "Secret" };
const ACCOUNT = { apiVersion: "v1", kind: "ServiceAccount" };

interface Binding extends KubernetesObject {
  readonly status?: { readonly conditions?: readonly { readonly reason: string }[] };
}

/** A binding of each API, all of one name and for one account. */
const BINDINGS: readonly [kind: typeof V1, spec: object, secret: string][] = [
  [V1, { acrServer: SERVER, managedIdentityClientID: CLIENT_ID }, "pull-msi-acrpull-secret"],
  [V2, {
    acr: { server: SERVER, scope: SCOPE, environment: "PublicCloud" },
    auth: { managedIdentity: { clientID: CLIENT_ID } },
    serviceAccountName: "default",
  }, "acr-pull-pull"],
  [V3, { registry: SERVER, client: CLIENT_ID, account: "default" }, "third-pull"],
];

/** The controller with a third API beside those that there are, over an API server in memory. */
class ThirdRig implements AsyncDisposable {
  readonly time = new FakeTime();
  readonly caches: (readonly [name: string, crd: string | undefined])[] = [];
  readonly kube: InMemoryKubernetes;
  readonly controller: Controller;
  readonly #stop = new AbortController();
  #ended: Promise<unknown> = Promise.resolve();

  constructor() {
    const { clock } = this.time;
    const namespaces = [NAMESPACE];
    this.kube = new InMemoryKubernetes({ clock, crds: [...CRDS, THIRD_CRD], namespaces });
    const metadata = { name: "default", namespace: NAMESPACE };
    this.kube.apply({ ...ACCOUNT, metadata, imagePullSecrets: [{ name: "theirs" }] } as never);
    for (const [kind, spec] of BINDINGS) {
      this.kube.apply({ ...kind, metadata: { name: "pull", namespace: NAMESPACE }, spec } as never);
    }
    const silent = () => {};
    this.controller = new Controller({
      apis: new BindingApis([...APIS.all, THIRD]),
      rest: restOver((request) => this.kube.fetch(request), clock),
      credentials: { mint: () => Promise.resolve(this.#credential()) },
      settings: SETTINGS,
      labelSelector: "",
      clock,
      monotonic: () => 0,
      random: () => 0.5,
      breather: new Breather({ clock, monotonic: () => 0 }),
      largeObjects: new LargeObjects(() => clock.now()),
      report: new Proxy({}, { get: () => silent }) as unknown as ReconcileReport,
      informerReport: (name, crd) => (this.caches.push([name, crd]), {}),
      onSilent: silent,
    });
  }

  #credential() {
    const mintedAt = this.time.clock.now();
    const expiresAt = mintedAt + 3 * HOUR;
    const claims = { aud: SERVER, iat: mintedAt / 1000, exp: expiresAt / 1000 };
    return { password: new Redacted(encodeJwt(claims)), mintedAt, expiresAt };
  }

  /** Leads until every binding says that its credential is attached. */
  async settled(): Promise<this> {
    const { signal } = this.#stop;
    this.#ended = Promise.all([this.controller.watch(signal), this.controller.lead(signal)]);
    const isSettled = () => this.reasons().every((reason) => reason === "CredentialAttached");
    await this.time.waitFor(isSettled, 30 * SECOND);
    return this;
  }

  reasons(): readonly (string | undefined)[] {
    return BINDINGS.map(([kind]) =>
      (this.kube.get(kind, NAMESPACE, "pull") as Binding).status?.conditions?.[0]?.reason
    );
  }

  secret(name: string): { readonly metadata: ObjectMeta } | undefined {
    return this.kube.get(SECRET, NAMESPACE, name) as never;
  }

  references(): (string | undefined)[] {
    const account = this.kube.get(ACCOUNT, NAMESPACE, "default") as unknown as {
      readonly imagePullSecrets: readonly { readonly name?: string }[];
    };
    return account.imagePullSecrets.map(({ name }) => name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    this.kube.close();
  }
}

Deno.test("third API: no file of the controller but those of the APIs themselves names a version", async () => {
  const own = ["apis.ts", "v1beta1.ts", "v1beta2.ts"].map((file) =>
    `src/controller/binding/${file}`
  );
  const modules = await readModules(new URL("../../../", import.meta.url), "src/controller");
  const withoutComments = (text: string) => text.replaceAll(/^ *(?:\/\*)?\*.*$|\/\/.*$/gm, "");
  const naming = [...modules].filter(([, text]) =>
    /v\d+(?:alpha|beta)\d/i.test(withoutComments(text))
  );
  assert.deepEqual(naming.map(([path]) => path).filter((path) => !own.includes(path)), []);
  assert.equal(naming.length, own.length);
});

Deno.test("third API: its bindings are served beside those of one name of the others", async () => {
  await using rig = await new ThirdRig().settled();
  assert.deepEqual(rig.reasons(), BINDINGS.map(() => "CredentialAttached"));
  for (const [{ apiVersion }, , name] of BINDINGS) {
    const { labels, ownerReferences } = rig.secret(name)!.metadata;
    assert.equal(labels?.["acr.microsoft.com/binding"], "pull");
    assert.deepEqual(ownerReferences?.map((owner) => owner.apiVersion), [apiVersion], name);
  }
});

Deno.test("third API: an account names others' Secrets first, then those of the newest API", async () => {
  await using rig = await new ThirdRig().settled();
  assert.deepEqual(rig.references(), [
    "theirs",
    "third-pull",
    "acr-pull-pull",
    "pull-msi-acrpull-secret",
  ]);
});

Deno.test("third API: it is counted, its cache is named, and its CRD is known", async () => {
  await using rig = await new ThirdRig().settled();
  const { controller } = rig;
  const ready = controller.census().filter((each) => each.ready);
  assert.deepEqual(ready.map(({ api, count }) => [api, count]), [
    ["v1beta1", 1],
    ["v1beta2", 1],
    ["v3", 1],
  ]);
  assert.deepEqual(controller.firstExpiries().map(({ api }) => api), ["v1beta1", "v1beta2", "v3"]);
  const name = "acrpullbindings v3";
  assert.ok(controller.caches.some((cache) => cache.name === name && cache.state === "synced"));
  assert.deepEqual(rig.caches.find((cache) => cache[0] === name), [
    name,
    "acrpullbindings.third.example.com",
  ]);
});

Deno.test("third API: a Secret that is taken away is made anew, and a binding that goes takes its own alone", async () => {
  await using rig = await new ThirdRig().settled();
  const before = rig.secret("third-pull")!.metadata.uid;
  const path = `/namespaces/${NAMESPACE}`;
  const send = (url: string) =>
    rig.kube.fetch(new Request(`https://kubernetes.test${url}`, { method: "DELETE" }));
  await send(`/api/v1${path}/secrets/third-pull`);
  const isAnew = () => ![undefined, before].includes(rig.secret("third-pull")?.metadata.uid);
  await rig.time.waitFor(isAnew, 30 * SECOND);
  await send(`/apis/third.example.com/v3${path}/acrpullbindings/pull`);
  await rig.time.waitFor(() => rig.kube.get(V3, NAMESPACE, "pull") === undefined, 30 * SECOND);
  assert.equal(rig.secret("third-pull"), undefined);
  assert.deepEqual(rig.references(), ["theirs", "acr-pull-pull", "pull-msi-acrpull-secret"]);
});
