import assert from "node:assert/strict";
import { SAMPLES } from "../demo/fixture.ts";
import { readSamples } from "../demo/samples.ts";
import { knowledge } from "./knowledge.ts";

const OWN = "1b461305-28be-5271-beda-bd9fd2e24250";
const NOTHING = { knowsAll: false, registries: [], identities: [], tenants: [], subjects: [] };
const BUILDER = "system:serviceaccount:team-a:builder";

Deno.test("a ServiceAccount is federated where it is named, and by its whole name", async () => {
  const samples = await readSamples(SAMPLES);
  const isFederated = (subjects: string[], subject: string) => {
    const known = knowledge({ ...NOTHING, subjects }, samples).subjects;
    assert.ok(typeof known === "function");
    return known(subject, OWN);
  };
  assert.equal(isFederated([], BUILDER), false);
  assert.equal(isFederated(["team-a:builder"], BUILDER), true);
  assert.equal(isFederated(["team-a:builder"], BUILDER.replace("team-a", "team-b")), false);
  assert.equal(isFederated(["team-a:builder"], `${BUILDER}s`), false);
});

Deno.test("what options name is known beside the samples'", async () => {
  const samples = await readSamples(SAMPLES);
  const own = { registries: ["web.azurecr.io"], identities: [OWN], tenants: ["contoso.com"] };
  const before = knowledge(NOTHING, samples);
  const after = knowledge({ ...NOTHING, ...own }, samples);
  assert.deepEqual(after.registries, [...before.registries as string[], "web.azurecr.io"]);
  assert.deepEqual(after.identities, [...before.identities as string[], OWN]);
  assert.deepEqual(after.applications, [...before.applications as string[], OWN]);
  assert.deepEqual(after.tenants, [...before.tenants as string[], "contoso.com"]);
  assert.deepEqual(knowledge({ ...NOTHING, knowsAll: true }, samples), {});
});
