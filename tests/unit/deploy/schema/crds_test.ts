import assert from "node:assert/strict";
import { readCrd } from "../../../../deploy/schema/crd.ts";
import { readFolder } from "../../../../deploy/generate.ts";
import { boundsOf } from "../../../../deploy/schema/bounds.ts";
import { guideSection } from "../../../suites/guides.ts";

const CRDS = readFolder("deploy/crds", ".yaml").map(({ path, text }) => readCrd(text, path));

/** The root's own: the API server admits one value of each. */
const FIXED = ["apiVersion", "kind"];

type Schema = Record<string, unknown>;

/** Every string, list and map of a schema by its place, with the keyword that bounds it. */
function* grown(schema: Schema, at = ""): Generator<[place: string, bound: unknown]> {
  const { type, properties = {}, items, additionalProperties } = schema;
  if (type === "string") yield [at, schema.maxLength];
  if (type === "array") yield [at, schema.maxItems];
  if (additionalProperties !== undefined) yield [at, schema.maxProperties];
  if (items !== undefined) yield* grown(items as Schema, `${at}[]`);
  for (const [name, value] of Object.entries(properties as Record<string, Schema>)) {
    yield* grown(value, at === "" ? name : `${at}.${name}`);
  }
}

for (const { group, versions } of CRDS) {
  for (const { name, schema } of versions) {
    Deno.test(`crds: all that may grow in ${group}/${name} is bounded`, () => {
      const all = [...grown(schema)].filter(([place]) => !FIXED.includes(place));
      assert.deepEqual(all.filter(([, bound]) => typeof bound !== "number"), []);
      assert.ok(all.length >= 14, `${all.length}`);
    });

    Deno.test(`crds: what exists in practice fits into ${group}/${name}`, () => {
      const bounds = new Map(boundsOf(schema));
      const misfits = [...bounds].flatMap(([place, most]) => {
        const found = LONGEST_IN_PRACTICE[place.split(".").at(-1)!.toLowerCase()];
        return found === undefined || found.length <= most ? [] : [place];
      });
      assert.deepEqual(misfits, []);
      const known = Object.keys(LONGEST_IN_PRACTICE).filter((field) =>
        [...bounds.keys()].some((place) => place.toLowerCase().endsWith(`.${field}`))
      );
      assert.ok(known.length >= 5, `${known}`);
    });
  }
}

const GUID = "1b461305-28be-5271-beda-bd9fd2e24251";
const DOMAIN = Array(4).fill("d".repeat(63)).join(".").slice(0, 253);
const GROUP = "g".repeat(90);
const RESOURCE_ID = `/subscriptions/${GUID}/resourceGroups/${GROUP}/providers/` +
  `Microsoft.ManagedIdentity/userAssignedIdentities/${"i".repeat(128)}`;

/** The longest value that Azure or Kubernetes knows, by the field's name in lower case. */
const LONGEST_IN_PRACTICE: Readonly<Record<string, string>> = {
  server: DOMAIN,
  acrserver: DOMAIN,
  entraauthorityhost: `https://${DOMAIN}/`,
  resourcemanageraudience: `api://${GUID}/${"a".repeat(255)}`,
  clientid: GUID,
  managedidentityclientid: GUID,
  tenantid: DOMAIN,
  resourceid: RESOURCE_ID,
  managedidentityresourceid: RESOURCE_ID,
  serviceaccountname: "s".repeat(253),
  serviceaccountref: "s".repeat(253),
  scope: Array(100).fill(`repository:${"r".repeat(23)}:pull`).join(" "),
};

Deno.test("crds: deploy/tenants.md says what a value may have", () => {
  const section = guideSection("deploy/tenants.md", "What a value may have");
  const told = [...section.matchAll(/^\| [^|]+ \| (\d+) +\|/gm)]
    .map(([, bound]) => Number(bound));
  const bounds = CRDS.flatMap(({ versions }) => versions.flatMap(({ schema }) => boundsOf(schema)))
    .filter(([place]) => /^spec\.(?!.*environment)|error$|message$/.test(place));
  assert.deepEqual(
    [...new Set(bounds.map(([, most]) => most))].sort((one, other) => one - other),
    [...new Set(told)].sort((one, other) => one - other),
  );
});
