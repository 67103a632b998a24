import assert from "node:assert/strict";
import { hash } from "../../../../src/controller/names.ts";
import { wantedCredential } from "../../../../src/controller/plan/credential.ts";
import { account, CLIENT_ID, snapshotOf, TENANT_ID, viewFederated } from "../builders.ts";

const OTHER_ID = "2c572412-39cf-4382-9cea-cea0e2f35362";
const AUTHORITY = "login.microsoftonline.com";

/** The binding is one and the same, as a cache holds it that hears of its account's changes. */
const BINDING = viewFederated();

function identityFor(clientId: string, tenantId = TENANT_ID): string | undefined {
  const accounts = [account("default", [], { clientId, tenantId })];
  const wanted = wantedCredential(snapshotOf(BINDING, { accounts }));
  assert.equal(wanted.kind, "credential");
  return wanted.kind === "credential" ? wanted.identityHash : undefined;
}

Deno.test("credential: whoever an account's annotations name, now and then again, the hash is of that identity", () => {
  const asked: readonly [clientId: string, tenantId: string][] = [
    [CLIENT_ID, TENANT_ID],
    [OTHER_ID, TENANT_ID],
    [OTHER_ID, "contoso.onmicrosoft.com"],
    [CLIENT_ID, TENANT_ID],
    [CLIENT_ID, TENANT_ID],
  ];
  assert.deepEqual(
    asked.map(([clientId, tenantId]) => identityFor(clientId, tenantId)),
    asked.map((ids) => hash(JSON.stringify([...ids, AUTHORITY]))),
  );
});

Deno.test("credential: the case of an ID makes no other identity", () => {
  assert.equal(identityFor(CLIENT_ID.toUpperCase()), identityFor(CLIENT_ID));
});
