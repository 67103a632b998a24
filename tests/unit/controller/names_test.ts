import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import type { BindingView } from "../../../src/controller/binding/view.ts";
import { v1beta1SecretName } from "../../../src/controller/binding/v1beta1.ts";
import { v1beta2SecretName } from "../../../src/controller/binding/v1beta2.ts";
import { hash, labelValue } from "../../../src/controller/names.ts";
import { type GoldenObject, goldenStates } from "../../data/golden.ts";
import { SETTINGS } from "./builders.ts";
import { kindOfReference, viewOfV1beta1, viewOfV1beta2 } from "./views.ts";

/** base36(sha224(text)) by division, digit by digit, over another implementation of SHA-224. */
function independentHash(text: string): string {
  const bytes = [...createHash("sha224").update(text, "utf8").digest()];
  const digits: string[] = [];
  while (bytes.some((byte) => byte > 0)) {
    let rest = 0;
    for (let at = 0; at < bytes.length; at++) {
      const value = rest * 256 + bytes[at]!;
      bytes[at] = Math.floor(value / 36);
      rest = value % 36;
    }
    digits.unshift("0123456789abcdefghijklmnopqrstuvwxyz"[rest]!);
  }
  return digits.join("");
}

Deno.test("property: the hash equals an independent implementation", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: "grapheme" })), (text) => {
      assert.equal(hash(text), independentHash(text));
    }),
  );
});

/** Where the recording ends before the reference took the last change in. */
const BEFORE_ITS_CHANGE: readonly string[] = ["v2-sa-moved"];

/** Bindings as they stand after the last step of a recorded scenario, by `version/name`. */
function finalBindings(steps: ReturnType<typeof goldenStates>[number]["steps"]) {
  const bindings = new Map<string, GoldenObject>();
  for (const step of steps) {
    if ("create" in step && step.create.kind === "AcrPullBinding") {
      bindings.set(keyOf(step.create.apiVersion, step.create.metadata.name), step.create);
    }
    if ("mergePatch" in step && step.mergePatch.kind === "AcrPullBinding") {
      const key = keyOf(step.mergePatch.apiVersion, step.mergePatch.name);
      bindings.set(key, merge(bindings.get(key), step.mergePatch.patch) as GoldenObject);
    }
  }
  return bindings;
}

function keyOf(apiVersion: string, name: string): string {
  return `${apiVersion}/AcrPullBinding/${name}`;
}

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> = { ...target as object };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

function viewOf(binding: GoldenObject): BindingView {
  const metadata = { ...binding.metadata, uid: "u", resourceVersion: "1", namespace: "n" };
  const stored = { ...binding, metadata };
  return binding.apiVersion.endsWith("v1beta1")
    ? viewOfV1beta1(stored as unknown as Parameters<typeof viewOfV1beta1>[0], SETTINGS)
    : viewOfV1beta2(defaulted(stored) as unknown as Parameters<typeof viewOfV1beta2>[0], SETTINGS);
}

/** The one default of the CRD, which the API server fills in. */
function defaulted(binding: object): object {
  return merge({ spec: { acr: { environment: "PublicCloud" } } }, binding) as object;
}

const RECORDED = goldenStates().flatMap((state) => {
  const early = BEFORE_ITS_CHANGE.includes(state.name);
  const bindings = finalBindings(
    state.steps.filter((step) => !(early && "mergePatch" in step)),
  );
  return Object.entries(state.final.secrets).map(([name, secret]) => {
    const owner = secret.owner[0]!.split(" ")[0]!;
    return { state: state.name, name, secret, binding: bindings.get(owner)! };
  });
});

Deno.test("names: recorded Secrets are there to be compared with", () => {
  assert.ok(RECORDED.length >= 10, `${RECORDED.length}`);
});

for (const { state, name, secret, binding } of RECORDED) {
  Deno.test(`names: Secret, label and hash are those recorded: ${state} ${name.slice(0, 40)}`, () => {
    const view = viewOf(binding);
    assert.deepEqual([view.secretName, view.label, view.inputsHash], [
      name,
      secret.labels["acr.microsoft.com/binding"],
      secret.annotations["acr.microsoft.com/token.inputs"],
    ]);
  });
}

const a = (count: number) => "a".repeat(count);
const tail = (name: string) => independentHash(name).slice(0, 10);

const NAMES: readonly [what: string, actual: string, expected: string][] = [
  ["a short name of v1beta1 is kept", v1beta1SecretName("pull"), "pull-msi-acrpull-secret"],
  ["a short name of v1beta2 is kept", v1beta2SecretName("pull"), "acr-pull-pull"],
  ["234 characters still fit v1beta1", v1beta1SecretName(a(234)), `${a(234)}-msi-acrpull-secret`],
  [
    "235 characters are cut",
    v1beta1SecretName(a(235)),
    `${a(223)}-${tail(a(235))}-msi-acrpull-secret`,
  ],
  ["233 characters still fit v1beta2", v1beta2SecretName(a(233)), `acr-pull-${a(233)}`],
  ["234 characters are cut", v1beta2SecretName(a(234)), `acr-pull-${a(233)}-${tail(a(234))}`],
  [
    "a dot at the cut is dropped",
    v1beta2SecretName(`${a(232)}.${a(20)}`),
    `acr-pull-${a(232)}-${tail(`${a(232)}.${a(20)}`)}`,
  ],
  [
    "a dash at the cut is kept",
    v1beta2SecretName(`${a(232)}-${a(20)}`),
    `acr-pull-${a(232)}--${tail(`${a(232)}-${a(20)}`)}`,
  ],
  ["63 characters still fit a label", labelValue(a(63)), a(63)],
  ["64 characters are cut to a label", labelValue(a(64)), `${a(52)}-${tail(a(64))}`],
  [
    "a dot at the label's cut is dropped",
    labelValue(`${a(51)}.${a(20)}`),
    `${a(51)}-${tail(`${a(51)}.${a(20)}`)}`,
  ],
];

for (const [what, actual, expected] of NAMES) {
  Deno.test(`names: ${what}`, () => assert.equal(actual, expected));
}

Deno.test("names: a reference is one of ours by its beginning, then by its end", () => {
  const names = [
    "acr-pull-a",
    "a-msi-acrpull-secret",
    "acr-pull-a-msi-acrpull-secret",
    "regcred",
    "my-acr-pull-a",
    "msi-acrpull-secret",
    "acr-pull",
  ];
  assert.deepEqual(names.map(kindOfReference), [
    "v1beta2",
    "v1beta1",
    "v1beta2",
    "other",
    "other",
    "other",
    "other",
  ]);
});

/** Names of objects (RFC 1123 subdomains) up to the longest, with dots and dashes about the cuts. */
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/);
const objectName = fc.tuple(
  fc.array(label, { minLength: 1, maxLength: 20 }),
  fc.constantFrom(10, 51, 52, 53, 62, 63, 64, 222, 223, 224, 232, 233, 234, 235, 253),
).map(([labels, length]) => {
  const text = labels.join(".").repeat(40).slice(0, length);
  return text.replace(/[.-]$/, "z").replaceAll(/[.-](?=\.)|(?<=\.)-/g, "y");
});

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

Deno.test("property: names of Secrets are valid, and so are labels, whatever the binding's name", () => {
  fc.assert(
    fc.property(objectName, (name) => {
      assert.match(name, SUBDOMAIN);
      for (const secret of [v1beta1SecretName(name), v1beta2SecretName(name)]) {
        assert.match(secret, SUBDOMAIN);
        assert.ok(secret.length <= 253, `${secret.length}`);
      }
      assert.match(labelValue(name), LABEL_VALUE);
      assert.ok(labelValue(name).length <= 63);
    }),
    { numRuns: 500 },
  );
});

Deno.test("property: different names give different Secrets and labels, however long they are", () => {
  fc.assert(
    fc.property(objectName, fc.nat(), fc.constantFrom("x", "y", "7"), (name, at, letter) => {
      const place = at % name.length;
      const other = name.slice(0, place) + letter + name.slice(place + 1);
      if (other === name) return;
      for (const nameOf of [v1beta1SecretName, v1beta2SecretName, labelValue]) {
        assert.notEqual(nameOf(name), nameOf(other));
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("property: the kind of a Secret's name is that of the API that made it", () => {
  fc.assert(
    fc.property(objectName, (name) => {
      assert.equal(kindOfReference(v1beta2SecretName(name)), "v1beta2");
      const expected = name.startsWith("acr-pull-") ? "v1beta2" : "v1beta1";
      assert.equal(kindOfReference(v1beta1SecretName(name)), expected);
    }),
  );
});
