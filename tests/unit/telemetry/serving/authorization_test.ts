import assert from "node:assert/strict";
import {
  type AccessDecision,
  type Authorize,
} from "../../../../src/telemetry/serving/authorization.ts";
import { telemetryHandler } from "../../../../src/telemetry/serving/handler.ts";
import { Registry } from "../../../../src/telemetry/metrics/registry.ts";

const VERDICTS: Record<string, AccessDecision> = {
  "prometheus.token": "allowed",
  "default-token_~+/==": "forbidden",
};

/** Knows two tokens, and the API server is away for a third. */
const authorize: Authorize = (token) => {
  const value = token.reveal();
  if (value === "unlucky") return Promise.reject(new Error("no answer about unlucky"));
  return Promise.resolve(VERDICTS[value] ?? "unauthenticated");
};

function registry(): Registry {
  const registry = new Registry();
  registry.gauge({ name: "up", help: "Up." }).set({}, 1);
  return registry;
}

const handler = telemetryHandler({ metrics: registry(), authorize });

async function get(authorization?: string, path = "/metrics") {
  const headers = authorization === undefined ? {} : { authorization };
  const response = await handler(new Request(`https://pod${path}`, { headers }));
  return {
    status: response.status,
    challenge: response.headers.get("www-authenticate"),
    body: await response.text(),
  };
}

const REALM = 'Bearer realm="metrics"';
const NO_TOKEN = { status: 401, challenge: REALM, body: "A bearer token is required.\n" };

const CASES: [name: string, authorization: string | undefined, expected: unknown][] = [
  ["no token", undefined, NO_TOKEN],
  ["a name and a password", "Basic cHJvbWV0aGV1czp4", NO_TOKEN],
  ["a token of other letters", "Bearer a b", NO_TOKEN],
  ["an empty token", "Bearer ", NO_TOKEN],
  ["an unknown token", "Bearer stranger", {
    status: 401,
    challenge: `${REALM}, error="invalid_token"`,
    body: "The API server does not know this token.\n",
  }],
  ["a known one that may not", "Bearer default-token_~+/==", {
    status: 403,
    challenge: null,
    body: "The token's bearer may not get this path.\n",
  }],
  ["one that cannot be checked", "Bearer unlucky", {
    status: 503,
    challenge: null,
    body: "The token could not be checked; try again.\n",
  }],
  ["one that may", "bearer  prometheus.token ", {
    status: 200,
    challenge: null,
    body: "# HELP up Up.\n# TYPE up gauge\nup 1\n",
  }],
];

for (const [name, authorization, expected] of CASES) {
  Deno.test(`authorization: ${name}`, async () => {
    assert.deepEqual(await get(authorization), expected);
  });
}

Deno.test("authorization: other paths and methods tell nothing and ask nobody", async () => {
  const nobody: Authorize = () => Promise.reject(new Error("was asked"));
  const handler = telemetryHandler({ metrics: registry(), authorize: nobody });
  const headers = { authorization: "Bearer x" };
  const statusOf = async (path: string, method = "GET") =>
    (await handler(new Request(`https://pod${path}`, { method, headers }))).status;
  assert.deepEqual(
    [await statusOf("/"), await statusOf("/healthz"), await statusOf("/metrics", "POST")],
    [404, 404, 405],
  );
});
