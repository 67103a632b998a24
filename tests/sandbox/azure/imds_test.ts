import assert from "node:assert/strict";
import { azureFailure, failureBody } from "../../data/failures.ts";
import { decodeJwt } from "./jwt.ts";
import type { FakeAzureOptions } from "./options.ts";
import {
  ARM,
  bench,
  CLIENT_ID,
  type Fields,
  imdsRequest,
  RESOURCE_ID,
  START_MS,
  TENANT_ID,
} from "./requests.ts";

Deno.test("IMDS answers a sound request with strings alone", async () => {
  const { azure } = bench();
  const response = await azure.fetch(imdsRequest());
  const body = await response.json();
  const start = START_MS / 1000;
  const { jti, ...claims } = decodeJwt(body.access_token)!;
  assert.equal(response.status, 200);
  assert.deepEqual(body, {
    access_token: azure.issuedTokens()[0],
    client_id: CLIENT_ID,
    expires_in: "3600",
    expires_on: String(start + 3600),
    ext_expires_in: "3600",
    not_before: String(start),
    refresh_token: "",
    resource: ARM,
    token_type: "Bearer",
  });
  assert.match(String(jti), /^[0-9a-f-]{36}$/);
  assert.deepEqual(claims, {
    aud: ARM,
    iss: `https://sts.windows.net/${TENANT_ID}/`,
    tid: TENANT_ID,
    sub: CLIENT_ID,
    iat: start,
    nbf: start,
    exp: start + 3600,
  });
  azure.assertClean();
});

const FAULTS: readonly {
  readonly when: string;
  readonly change?: Fields;
  readonly init?: RequestInit;
  readonly fault: string;
  readonly status?: number;
  readonly body?: unknown;
}[] = [
  {
    when: "the header Metadata is missing",
    init: { headers: {} },
    fault: "header Metadata: true is missing",
    body: recorded("imds-no-header"),
  },
  {
    when: "the header Metadata is not the word true",
    init: { headers: { Metadata: "1" } },
    fault: "header Metadata: true is missing",
    body: recorded("imds-no-header"),
  },
  {
    when: "a proxy has left X-Forwarded-For",
    init: { headers: { Metadata: "true", "X-Forwarded-For": "10.0.0.1" } },
    fault: "header X-Forwarded-For shows a proxy",
  },
  {
    when: "the method is POST",
    init: { method: "POST", headers: { Metadata: "true" } },
    fault: "method POST instead of GET",
    status: 405,
    body: { error: "method_not_allowed" },
  },
  {
    when: "api-version is missing",
    change: { "api-version": undefined },
    fault: "query parameter api-version is missing",
    body: {
      error: "Bad request. api-version was not specified in the request",
      "newest-versions": ["2020-10-01", "2020-09-01", "2020-07-15"],
    },
  },
  {
    when: "api-version is another one",
    change: { "api-version": "2019-08-01" },
    fault: "api-version is not 2018-02-01",
  },
  {
    when: "resource is missing",
    change: { resource: undefined },
    fault: "query parameter resource is missing",
  },
  {
    when: "resource is a scope",
    change: { resource: "https://management.azure.com/.default" },
    fault: "query parameter resource ends in /.default",
    body: recorded("imds-bad-resource"),
  },
  {
    when: "a parameter is given twice",
    change: { resource: [ARM, ARM] },
    fault: "query parameter resource is given twice",
  },
  {
    when: "two identities are named",
    change: { msi_res_id: RESOURCE_ID },
    fault: "client_id and msi_res_id are given together",
  },
  {
    when: "the client ID is no GUID",
    change: { client_id: "puller" },
    fault: "query parameter client_id is malformed",
    body: recorded("imds-not-found"),
  },
  {
    when: "the resource ID has a doubled slash",
    change: { client_id: undefined, msi_res_id: RESOURCE_ID.replace("/rg/", "/rg//") },
    fault: "query parameter msi_res_id is malformed",
    body: recorded("imds-not-found"),
  },
  {
    when: "the resource ID goes by App Service's name",
    change: { mi_res_id: RESOURCE_ID },
    fault: "unknown query parameter mi_res_id",
  },
];

for (const { when, change, init, fault, status, body } of FAULTS) {
  Deno.test(`IMDS refuses and reports it when ${when}`, async () => {
    const { azure } = bench();
    const response = await azure.fetch(imdsRequest(change, init));
    assert.equal(response.status, status ?? 400);
    assert.deepEqual(
      await response.json(),
      body ?? { error: "invalid_request", error_description: fault },
    );
    assert.deepEqual(azure.violations(), [`imds: ${fault}`]);
    assert.throws(() => azure.assertNoViolations(), { message: new RegExp(fault) });
    assert.deepEqual(azure.issuedTokens(), []);
  });
}

const JUDGED: readonly {
  readonly when: string;
  readonly options?: Omit<FakeAzureOptions, "clock">;
  readonly change: Fields;
  readonly failure?: string;
}[] = [
  { when: "a resource ID is named", change: { client_id: undefined, msi_res_id: RESOURCE_ID } },
  { when: "an object ID is named", change: { client_id: undefined, object_id: CLIENT_ID } },
  {
    when: "the audience is the registries' own",
    change: { resource: "https://containerregistry.azure.net" },
  },
  { when: "the client ID is in capitals", change: { client_id: CLIENT_ID.toUpperCase() } },
  {
    when: "no identity is named and the node has its own",
    options: { systemAssigned: "node", identities: [] },
    change: { client_id: undefined },
  },
  {
    when: "no identity is named and the node has several",
    change: { client_id: undefined },
    failure: "imds-ambiguous",
  },
  {
    when: "the identity is not on the node",
    options: { identities: [RESOURCE_ID] },
    change: {},
    failure: "imds-not-found",
  },
  {
    when: "the identity is on the node",
    options: { identities: [CLIENT_ID.toUpperCase()] },
    change: {},
  },
  {
    when: "the audience is unknown",
    change: { resource: "https://graph.microsoft.com" },
    failure: "imds-bad-resource",
  },
  {
    when: "the audience is a disconnected cloud's",
    options: {
      airgapped: [{ authorityHost: "login.corp", resourceManagerAudience: "https://arm.corp/" }],
    },
    change: { resource: "https://arm.corp" },
  },
];

for (const { when, options, change, failure } of JUDGED) {
  const verdict = failure === undefined ? "grants a token" : `answers ${failure}`;
  Deno.test(`IMDS ${verdict} when ${when}, and finds no fault`, async () => {
    const { azure } = bench(options);
    const response = await azure.fetch(imdsRequest(change));
    if (failure === undefined) assert.equal(response.status, 200);
    else assert.equal(await response.text(), failureBody(azureFailure(failure)));
    azure.assertClean();
  });
}

Deno.test("IMDS admits 20 requests in any second and refuses the rest as imds-busy", async () => {
  const { azure, advance } = bench();
  const ask = async () => (await azure.fetch(imdsRequest())).status;
  for (let count = 0; count < 10; count++) assert.equal(await ask(), 200);
  await advance(600);
  for (let count = 0; count < 10; count++) assert.equal(await ask(), 200);
  const refused = await azure.fetch(imdsRequest());
  assert.equal(refused.status, 429);
  assert.equal(await refused.text(), failureBody(azureFailure("imds-busy")));
  await advance(400);
  for (let count = 0; count < 10; count++) assert.equal(await ask(), 200);
  assert.equal(await ask(), 429);
  assert.deepEqual(azure.throttles(), { rate: 2, concurrency: 0 });
  assert.equal(azure.counts().imds, 32);
});

Deno.test("IMDS serves 5 requests at once and refuses a sixth at once", async () => {
  const { azure, advance } = bench({ latencyMs: { imds: 30 } });
  const asked = Array.from({ length: 7 }, () => azure.fetch(imdsRequest()));
  assert.equal((await asked[5]!).status, 429);
  assert.equal((await asked[6]!).status, 429);
  await advance(30);
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429]);
  const again = azure.fetch(imdsRequest());
  await advance(30);
  assert.equal((await again).status, 200);
  assert.deepEqual(azure.throttles(), { rate: 0, concurrency: 2 });
});

Deno.test("a client that gives up frees its place at IMDS", async () => {
  const { azure } = bench({ latencyMs: { imds: 30 }, imdsLimits: { perSecond: 9, concurrent: 1 } });
  const leaving = new AbortController();
  const given = azure.fetch(imdsRequest({}, {
    headers: { Metadata: "true" },
    signal: leaving.signal,
  }));
  leaving.abort(new Error("gone"));
  await assert.rejects(given, { message: "gone" });
  azure.latencyMs.imds = 0;
  assert.equal((await azure.fetch(imdsRequest())).status, 200);
});

Deno.test("IMDS is reached where the configuration puts it, and nowhere else", async () => {
  const { azure } = bench({ imdsUrl: "http://127.0.0.1:4141/agent/" });
  const { search } = new URL(imdsRequest().url);
  const url = `http://127.0.0.1:4141/agent/metadata/identity/oauth2/token${search}`;
  assert.equal((await azure.fetch(url, { headers: { Metadata: "true" } })).status, 200);
  await assert.rejects(azure.fetch(imdsRequest()), { name: "UnexpectedCallError" });
});

function recorded(name: string): unknown {
  return azureFailure(name).body;
}
