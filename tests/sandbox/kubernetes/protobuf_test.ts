import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeProtobuf } from "./http/protobuf.ts";
import { InMemoryKubernetes } from "./server.ts";

/** The wire format of protobuf, written just as far as the cases need it. */
function field(number: number, value: Uint8Array | string | number): number[] {
  if (typeof value === "number") return [...varint(number << 3), ...varint(value)];
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return [...varint((number << 3) | 2), ...varint(bytes.length), ...bytes];
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))];
}

function message(...fields: number[][]): Uint8Array {
  return Uint8Array.from(fields.flat());
}

function envelope(apiVersion: string, kind: string, raw: Uint8Array): Uint8Array {
  const typeMeta = message(field(1, apiVersion), field(2, kind));
  return message([0x6b, 0x38, 0x73, 0], field(1, typeMeta), field(2, raw));
}

Deno.test("a ConfigMap survives protobuf whatever its texts", () => {
  const texts = fc.dictionary(
    fc.string({ minLength: 1, unit: "grapheme" }).filter((key) => key !== "__proto__"),
    fc.string({ unit: "grapheme" }),
    { noNullPrototype: true },
  );
  fc.assert(fc.property(texts, fc.string(), (data, name) => {
    const entries = Object.entries(data).map(([key, value]) =>
      field(2, message(field(1, key), field(2, value)))
    );
    const raw = message(field(1, message(field(1, name))), ...entries, field(4, 1));
    const expected = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name },
      ...(entries.length === 0 ? {} : { data }),
      immutable: true,
    };
    assert.deepEqual(decodeProtobuf(envelope("v1", "ConfigMap", raw)), expected);
  }));
});

Deno.test("a ServiceAccount with lists, flags and unknown fields is read", () => {
  const raw = message(
    field(1, message(field(1, "sa"), field(14, "a.b/c"), field(14, "a.b/d"))),
    field(3, message(field(1, "x"))),
    field(3, message(field(1, "y"))),
    field(4, 0),
    field(99, "later"),
  );
  assert.deepEqual(decodeProtobuf(envelope("v1", "ServiceAccount", raw)), {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "sa", finalizers: ["a.b/c", "a.b/d"] },
    imagePullSecrets: [{ name: "x" }, { name: "y" }],
    automountServiceAccountToken: false,
  });
});

Deno.test("other forms and unknown kinds are not read", () => {
  assert.equal(decodeProtobuf(new TextEncoder().encode("{}")), undefined);
  assert.equal(decodeProtobuf(envelope("v1", "Pod", new Uint8Array())), undefined);
});

Deno.test("a body of protobuf creates an object, one that cannot be read is refused", async () => {
  const api = new InMemoryKubernetes();
  const post = (body: Uint8Array<ArrayBuffer>) =>
    api.fetch(
      new Request("http://kubernetes/api/v1/namespaces/default/secrets", {
        method: "POST",
        body,
        headers: { "content-type": "application/vnd.kubernetes.protobuf" },
      }),
    );
  const entry = message(field(1, "k"), field(2, Uint8Array.of(0, 255)));
  const raw = message(field(1, message(field(1, "s"))), field(2, entry));
  const made = await post(Uint8Array.from(envelope("v1", "Secret", raw)));
  const refused = await post(Uint8Array.of(1, 2, 3));
  await Promise.all([made.body?.cancel(), refused.body?.cancel()]);
  assert.deepEqual([made.status, refused.status], [201, 415]);
  const secret = api.get({ apiVersion: "v1", kind: "Secret" }, "default", "s");
  assert.deepEqual(secret?.data, { k: "AP8=" });
});
