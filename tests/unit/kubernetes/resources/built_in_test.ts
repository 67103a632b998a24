import assert from "node:assert/strict";
import type { JSONValue } from "../../../../src/kubernetes/http/contract.ts";
import {
  events,
  leases,
  secrets,
  serviceAccounts,
} from "../../../../src/kubernetes/resources/built_in.ts";
import { ScriptedRest } from "../scripted_rest.ts";

const METADATA = { name: "a", namespace: "ns", uid: "u", resourceVersion: "1" };

Deno.test("each core resource is asked for where the API has it", async () => {
  const answer = { metadata: METADATA };
  using rest = new ScriptedRest(
    { request: { method: "GET", path: "/api/v1/namespaces/ns/secrets/a" }, answer },
    { request: { method: "GET", path: "/api/v1/namespaces/ns/serviceaccounts/a" }, answer },
    { request: { method: "GET", path: "/api/v1/namespaces/ns/events/a" }, answer },
    {
      request: { method: "GET", path: "/apis/coordination.k8s.io/v1/namespaces/ns/leases/a" },
      answer,
    },
  );
  for (const make of [secrets, serviceAccounts, events, leases]) {
    assert.deepEqual(await make(rest).get("ns", "a"), answer);
  }
});

const TOKEN_REQUEST = {
  method: "POST",
  path: "/api/v1/namespaces/ns/serviceaccounts/a/token",
  query: "fieldManager=me",
  body: {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: ["api://AzureCRTokenExchange"], expirationSeconds: 600 },
  },
};
const TOKEN_OPTIONS = { audiences: ["api://AzureCRTokenExchange"], expirationSeconds: 600 };

Deno.test("a token is asked for its audience and comes wrapped, with its expiry", async () => {
  const status = { token: "ey.secret", expirationTimestamp: "2026-01-01T00:10:00Z" };
  using rest = new ScriptedRest({ request: TOKEN_REQUEST, answer: { status } });
  const granted = await serviceAccounts(rest, { fieldManager: "me" })
    .requestToken("ns", "a", TOKEN_OPTIONS);
  assert.equal(granted.token.reveal(), "ey.secret");
  assert.equal(JSON.stringify(granted), '{"token":"[redacted]","expiresAt":1767226200000}');
});

const BAD_TOKENS: { name: string; answer: JSONValue }[] = [
  { name: "without status", answer: {} },
  {
    name: "with an empty token",
    answer: { status: { token: "", expirationTimestamp: "2026-01-01T00:10:00Z" } },
  },
  { name: "without expiry", answer: { status: { token: "ey.secret" } } },
  {
    name: "with an expiry that is no time",
    answer: { status: { token: "ey.secret", expirationTimestamp: "soon" } },
  },
];

for (const { name, answer } of BAD_TOKENS) {
  Deno.test(`a TokenRequest answered ${name} is an error that shows no token`, async () => {
    using rest = new ScriptedRest({ request: TOKEN_REQUEST, answer });
    const asked = serviceAccounts(rest, { fieldManager: "me" })
      .requestToken("ns", "a", TOKEN_OPTIONS);
    await assert.rejects(asked, {
      reason: "BadAnswer",
      message: "v1 serviceaccounts: the API server sent a TokenRequest " +
        "without token or expirationTimestamp",
    });
  });
}
