import assert from "node:assert/strict";
import { CRDS, SAMPLES } from "./fixture.ts";
import { parseManifests, readManifests, readSamples } from "./samples.ts";

Deno.test("samples: there is one binding of each kind", async () => {
  const samples = await readSamples(SAMPLES);
  const bindings = samples.map(({ object }) => object as unknown as Binding)
    .filter(({ kind }) => kind === "AcrPullBinding");
  assert.deepEqual(bindings.map(kindOf).sort(), [
    "v1beta1 client ID",
    "v1beta1 resource ID, scope",
    "v1beta2 managed identity",
    "v1beta2 workload identity, IDs by annotations",
    "v1beta2 workload identity, IDs in the binding",
  ]);
});

Deno.test("samples: every ServiceAccount that they name comes first in the same file", async () => {
  for await (const { name } of Deno.readDir(SAMPLES)) {
    const objects = parseManifests(name, await Deno.readTextFile(`${SAMPLES}/${name}`));
    const binding = objects.at(-1) as unknown as Binding;
    const accounts = objects.slice(0, -1).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    const { serviceAccountName, auth } = binding.spec;
    const named = [serviceAccountName, auth?.workloadIdentity?.serviceAccountRef];
    const expected = new Set(named.flatMap((each) => each ? [`ServiceAccount ${each}`] : []));
    assert.deepEqual(new Set(accounts), expected, name);
  }
});

Deno.test("samples: none has a namespace, so that kubectl apply -n decides", async () => {
  const samples = await readSamples(SAMPLES);
  assert.deepEqual(samples.filter(({ object }) => "namespace" in object.metadata), []);
});

Deno.test("samples: every file says first what it shows", async () => {
  for await (const { name } of Deno.readDir(SAMPLES)) {
    assert.match(await Deno.readTextFile(`${SAMPLES}/${name}`), /^# v1beta[12] with /, name);
  }
});

Deno.test("samples: a file that is no sample is named", async () => {
  assert.throws(() => parseManifests("x.yaml", "a: ["), /^Error: x\.yaml: /);
  assert.throws(
    () => parseManifests("x.yaml", "kind: Secret"),
    /^Error: x\.yaml: a document without apiVersion, kind and metadata\.name$/,
  );
  await assert.rejects(readSamples(CRDS), /CustomResourceDefinition has no place in a sample$/);
  assert.equal((await readManifests(CRDS)).length, 2);
});

interface Binding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: {
    readonly managedIdentityClientID?: string;
    readonly scope?: string;
    readonly serviceAccountName: string;
    readonly auth?: {
      readonly managedIdentity?: unknown;
      readonly workloadIdentity?: { serviceAccountRef: string; clientID?: string };
    };
  };
}

function kindOf({ apiVersion, spec }: Binding): string {
  const version = apiVersion.split("/")[1];
  const { auth, scope, managedIdentityClientID } = spec;
  if (auth === undefined) {
    const id = managedIdentityClientID === undefined ? "resource ID" : "client ID";
    return `${version} ${id}${scope === undefined ? "" : ", scope"}`;
  }
  if (auth.workloadIdentity === undefined) return `${version} managed identity`;
  const where = auth.workloadIdentity.clientID === undefined ? "by annotations" : "in the binding";
  return `${version} workload identity, IDs ${where}`;
}
