import assert from "node:assert/strict";
import fc from "fast-check";
import {
  cleanPath,
  faultOfClientId,
  faultOfResourceId,
  faultOfTenant,
} from "../../../src/azure/identity.ts";
import { CLIENT_ID, TENANT_ID } from "./support.ts";

const SUBSCRIPTION = "712288dc-f816-4242-b73f-a0a87265dcc8";
const resourceId = (group: string, name: string) =>
  `/subscriptions/${SUBSCRIPTION}/resourceGroups/${group}/providers/Microsoft.ManagedIdentity` +
  `/userAssignedIdentities/${name}`;

const NO_GUID = "is no GUID; give the identity's client ID, e.g. " + CLIENT_ID;
const CLIENT_IDS: readonly [id: string, sound: boolean][] = [
  [CLIENT_ID, true],
  [CLIENT_ID.toUpperCase(), true],
  ["", false],
  [`{${CLIENT_ID}}`, false],
  [`${CLIENT_ID} `, false],
  [`${CLIENT_ID}\n`, false],
  [CLIENT_ID.replaceAll("-", ""), false],
  [CLIENT_ID.replace("1", "g"), false],
  ["my-identity", false],
  [CLIENT_ID.replace("1", "\u017f"), false],
];

Deno.test("identity: a client ID is a GUID in either case and nothing else", () => {
  for (const [id, sound] of CLIENT_IDS) {
    assert.equal(faultOfClientId(id), sound ? undefined : `${JSON.stringify(id)} ${NO_GUID}`);
  }
});

const RESOURCE_IDS: readonly [id: string, sound: boolean][] = [
  [resourceId("rg", "puller"), true],
  [resourceId("rg", "puller").toUpperCase(), true],
  [resourceId("rg", "puller").toLowerCase(), true],
  [resourceId("Team_A-(1).x", "my_identity-1"), true],
  [resourceId("gr\u00fcn\u4e2d", "puller"), true],
  [resourceId("g".repeat(90), "n".repeat(128)), true],
  [resourceId("g".repeat(91), "puller"), false],
  [resourceId("rg", "n".repeat(129)), false],
  [resourceId("rg", "ab"), false],
  [resourceId("rg.", "puller"), false],
  [resourceId("", "puller"), false],
  [resourceId("rg", "-puller"), false],
  [resourceId("rg", "pull er"), false],
  [resourceId("rg", "puller/"), false],
  [resourceId("rg/x", "puller"), false],
  [resourceId("rg", "puller").slice(1), false],
  [resourceId("rg", "puller").replace(SUBSCRIPTION, "my-subscription"), false],
  [resourceId("rg", "puller").replace("ManagedIdentity", "Compute"), false],
  [resourceId("rg", "\u212aey"), false],
  [resourceId("rg", "acce\u017fs"), false],
  [resourceId("\u212a8s", "puller"), false],
  [resourceId("acce\u017fs", "puller"), false],
  [resourceId("rg", "puller").replace("subs", "sub\u017f"), false],
  ["", false],
];

Deno.test("identity: a resource ID names a user-assigned identity and nothing else", () => {
  const hint = "is no resource ID of a managed identity; give /subscriptions/GUID/resourceGroups/" +
    "NAME/providers/Microsoft.ManagedIdentity/userAssignedIdentities/NAME";
  for (const [id, sound] of RESOURCE_IDS) {
    assert.equal(faultOfResourceId(id), sound ? undefined : `${JSON.stringify(id)} ${hint}`, id);
  }
});

const GIVE = "give the tenant's GUID or a verified domain";
const TENANTS: readonly [tenant: string, fault?: string][] = [
  [TENANT_ID],
  [TENANT_ID.toUpperCase()],
  ["contoso.onmicrosoft.com"],
  ["Contoso.example"],
  ["common", "is not one tenant"],
  ["Organizations", "is not one tenant"],
  ["consumers", "is not one tenant"],
  ["contoso", "is no tenant"],
  ["\u212aontoso.example", "is no tenant"],
  ["con\u017fumers", "is no tenant"],
  ["", "is no tenant"],
  ["contoso.example/oauth2", "is no tenant"],
  ["../common", "is no tenant"],
  ["contoso..example", "is no tenant"],
  ["contoso.example?x", "is no tenant"],
  ["-contoso.example", "is no tenant"],
];

Deno.test("identity: a tenant is a GUID or a domain, and one tenant", () => {
  for (const [tenant, fault] of TENANTS) {
    const expected = fault === undefined
      ? undefined
      : `${JSON.stringify(tenant)} ${fault}; ${GIVE}`;
    assert.equal(faultOfTenant(tenant), expected);
  }
});

const PATHS: readonly [path: string, cleaned: string][] = [
  ["", ""],
  ["/", "/"],
  ["//a//b/", "/a/b"],
  ["/a/./b/../c", "/a/c"],
  ["/../a", "/a"],
  ["a/../..", ".."],
  ["../../a", "../../a"],
  ["./", "."],
  ["a/..", "."],
  ["/..", "/"],
];

Deno.test("identity: paths are cleaned as the reference cleans resource IDs", () => {
  assert.deepEqual(PATHS.map(([path]) => [path, cleanPath(path)]), PATHS);
});

/**
 * Go's path.Clean as its documentation has it: four rules, applied until nothing changes. Written
 * on text, unlike the implementation.
 */
function cleanByRules(path: string): string {
  let text = path;
  for (let before = ""; before !== text;) {
    before = text;
    text = text.replace(/\/+/g, "/"); // 1. several slashes are one
    text = text.replace(
      /(^|\/)\.(\/|$)/,
      (_, left, right) => left === "" ? "" : left + right && "/",
    );
    text = text.replace(/^\/\.\.(?=\/|$)/, "/"); // 4. what begins with /.. begins with /
    // 3. an element that is not .. goes with the .. after it
    text = text.replace(/(^|\/)(?!\.\.?(?:\/|$))[^/]+\/\.\.(?:\/|$)/, (_, left) => left);
  }
  if (text.length > 1) text = text.replace(/\/$/, "");
  return text === "" ? "." : text;
}

Deno.test("property: cleaning agrees with Go's rules, whatever the path", () => {
  const part = fc.constantFrom("", "", ".", "..", "..", "a", "b.c", "...", "a b");
  const path = fc.array(part, { maxLength: 10 }).map((parts) => parts.join("/"));
  fc.assert(
    fc.property(path, (given) => {
      assert.equal(cleanPath(given), given === "" ? "" : cleanByRules(given));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("property: what is clean stays as it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("/", ".", "a") }), (path) => {
      assert.equal(cleanPath(cleanPath(path)), cleanPath(path));
    }),
  );
});
