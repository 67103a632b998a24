import assert from "node:assert/strict";
import { azureFailure, failureBody } from "../../data/failures.ts";
import { decodeJwt } from "./jwt.ts";
import type { FakeAzureOptions } from "./options.ts";
import {
  ARM_SCOPE,
  assertion,
  AUDIENCE,
  bench,
  CLIENT_ID,
  entraRequest,
  type Fields,
  START_MS,
  SUBJECT,
  TENANT_ID,
} from "./requests.ts";

const NOW = START_MS / 1000;

Deno.test("Entra answers a sound request with numbers", async () => {
  const { azure } = bench();
  const response = await azure.fetch(entraRequest());
  const body = await response.json();
  const { jti, ...claims } = decodeJwt(body.access_token)!;
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("x-ms-request-id"), jti);
  assert.deepEqual(body, {
    token_type: "Bearer",
    expires_in: 3600,
    ext_expires_in: 3600,
    access_token: azure.issuedTokens()[0],
  });
  assert.deepEqual(claims, {
    aud: "https://management.core.windows.net/",
    iss: `https://sts.windows.net/${TENANT_ID}/`,
    tid: TENANT_ID,
    appid: CLIENT_ID,
    sub: CLIENT_ID,
    iat: NOW,
    nbf: NOW,
    exp: NOW + 3600,
  });
  azure.assertClean();
});

Deno.test("Entra's record shows identity, tenant, audience and scope", async () => {
  const { azure } = bench();
  await azure.fetch(entraRequest());
  assert.deepEqual(azure.calls(), [{
    kind: "entra",
    at: START_MS,
    who: `${TENANT_ID}/${CLIENT_ID}/${SUBJECT}/${AUDIENCE}`,
    tenant: TENANT_ID,
    audience: "https://management.core.windows.net/",
    scope: ARM_SCOPE,
    status: 200,
  }]);
});

const FAULTS: readonly {
  readonly when: string;
  readonly change?: Fields;
  readonly path?: string;
  readonly init?: RequestInit;
  readonly faults: readonly string[];
  readonly code?: number;
}[] = [
  {
    when: "the grant type is another one",
    change: { grant_type: "password" },
    faults: ["form field grant_type is not client_credentials"],
  },
  {
    when: "the assertion's type is another one",
    change: { client_assertion_type: "saml" },
    faults: [
      "form field client_assertion_type is not " +
      "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    ],
  },
  {
    when: "the client ID is missing",
    change: { client_id: undefined },
    faults: ["form field client_id is missing"],
  },
  {
    when: "the client ID is no GUID",
    change: { client_id: "puller" },
    faults: ["client_id is no GUID"],
  },
  {
    when: "the assertion is no JWT",
    change: { client_assertion: "opaque" },
    faults: ["client_assertion is no JWT"],
  },
  {
    when: "the assertion is empty",
    change: { client_assertion: "" },
    faults: ["form field client_assertion is empty", "client_assertion is no JWT"],
  },
  {
    when: "a secret comes along",
    change: { client_secret: "hunter2" },
    faults: ["unknown form field client_secret"],
  },
  {
    when: "a field is given twice",
    change: { client_id: [CLIENT_ID, CLIENT_ID] },
    faults: ["form field client_id is given twice"],
  },
  {
    when: "the scope is a bare audience",
    change: { scope: "https://management.azure.com" },
    faults: ["scope https://management.azure.com is not exactly one resource with /.default"],
    code: 70011,
  },
  {
    when: "the scope names two resources",
    change: { scope: `${ARM_SCOPE} https://containerregistry.azure.net/.default` },
    faults: [
      `scope ${ARM_SCOPE} https://containerregistry.azure.net/.default is not exactly one ` +
      "resource with /.default",
    ],
    code: 70011,
  },
  {
    when: "the tenant stands for none",
    path: "login.microsoftonline.com/common",
    faults: ["tenant common is neither GUID nor domain"],
  },
  {
    when: "the form is JSON",
    init: { body: "{}", headers: { "Content-Type": "application/json" } },
    faults: [
      "content type application/json instead of application/x-www-form-urlencoded",
      "form field grant_type is missing",
      "form field client_id is missing",
      "form field client_assertion_type is missing",
      "form field client_assertion is missing",
      "form field scope is missing",
      "unknown form field {}",
      "client_assertion is no JWT",
    ],
  },
  {
    when: "a credential stands in the headers",
    init: { headers: { Authorization: "Bearer x", Cookie: "a=b" } },
    faults: ["header authorization carries a credential", "header cookie carries a credential"],
  },
];

for (const { when, change, path, init, faults, code } of FAULTS) {
  Deno.test(`Entra refuses and reports it when ${when}`, async () => {
    const { azure } = bench();
    const response = await azure.fetch(entraRequest(change, path, init));
    assert.equal(response.status, 400);
    assert.deepEqual((await response.json()).error_codes, [code ?? 900144]);
    assert.deepEqual(azure.violations(), faults.map((fault) => `entra: ${fault}`));
    assert.deepEqual(azure.issuedTokens(), []);
  });
}

Deno.test("a form in the query is a fault, for a query lands in logs", async () => {
  const { azure } = bench();
  const request = entraRequest();
  await azure.fetch(`${request.url}?client_id=${CLIENT_ID}`, request);
  assert.deepEqual(azure.violations(), ["entra: unknown query parameter client_id"]);
});

const JUDGED: readonly {
  readonly when: string;
  readonly options?: Omit<FakeAzureOptions, "clock">;
  readonly change?: Fields;
  readonly path?: string;
  readonly answer: string | number;
}[] = [
  {
    when: "the scope carries what Microsoft's libraries add",
    change: { scope: `${ARM_SCOPE} openid offline_access profile` },
    answer: 200,
  },
  { when: "the tenant is a domain", path: "login.microsoftonline.com/contoso.com", answer: 200 },
  {
    when: "the audience is the registries' own, in China",
    path: `login.chinacloudapi.cn/${TENANT_ID}`,
    change: { scope: "https://containerregistry.azure.net/.default" },
    answer: 200,
  },
  {
    when: "the audience is the government cloud's, at its authority",
    path: `login.microsoftonline.us/${TENANT_ID}`,
    change: { scope: "https://management.core.usgovcloudapi.net/.default" },
    answer: 200,
  },
  {
    when: "the audience is China's, at its authority's other name",
    path: `login.partner.microsoftonline.cn/${TENANT_ID}`,
    change: { scope: "https://management.core.chinacloudapi.cn/.default" },
    answer: 200,
  },
  {
    when: "the audience is another cloud's",
    path: `login.microsoftonline.us/${TENANT_ID}`,
    answer: "entra-resource",
  },
  {
    when: "the cloud is a disconnected one",
    options: {
      airgapped: [{
        authorityHost: "login.corp:8443",
        resourceManagerAudience: "https://arm.corp",
      }],
    },
    path: `login.corp:8443/${TENANT_ID}`,
    change: { scope: "https://arm.corp/.default" },
    answer: 200,
  },
  { when: "the tenant is unknown", options: { tenants: [] }, answer: "entra-tenant-new" },
  { when: "the client is unknown", options: { identities: [] }, answer: "entra-no-app" },
  {
    when: "the assertion has expired",
    change: { client_assertion: assertion({ exp: NOW }) },
    answer: "entra-expired",
  },
  {
    when: "the assertion begins too far ahead",
    change: { client_assertion: assertion({ nbf: NOW + 301 }) },
    answer: "entra-expired",
  },
  {
    when: "the assertion begins a little ahead",
    change: { client_assertion: assertion({ nbf: NOW + 300 }) },
    answer: 200,
  },
  {
    when: "the assertion never expires",
    change: { client_assertion: assertion({ exp: undefined }) },
    answer: "entra-expired",
  },
  {
    when: "the assertion's audience is one text",
    change: { client_assertion: assertion({ aud: AUDIENCE }) },
    answer: 200,
  },
];

for (const { when, options, change, path, answer } of JUDGED) {
  Deno.test(`Entra answers ${answer} when ${when}, and finds no fault`, async () => {
    const { azure } = bench(options);
    const response = await azure.fetch(entraRequest(change, path));
    if (typeof answer === "number") assert.equal(response.status, answer);
    else assert.equal(await response.text(), failureBody(azureFailure(answer)));
    azure.assertClean();
  });
}

for (
  const [what, sub, subjects] of [
    ["that is no ServiceAccount", "alice", undefined],
    ["without a federated credential", "system:serviceaccount:team-b:builder", [SUBJECT]],
  ] as const
) {
  Deno.test(`Entra answers AADSTS700213 to a subject ${what}, and names it`, async () => {
    const { azure } = bench(subjects === undefined ? {} : { subjects });
    const response = await azure.fetch(entraRequest({ client_assertion: assertion({ sub }) }));
    assert.equal(response.status, 401);
    const { error, error_description, error_codes } = await response.json();
    assert.deepEqual([error, error_codes], ["invalid_client", [700213]]);
    assert.ok(error_description.startsWith("AADSTS700213: No matching federated identity record "));
    assert.ok(error_description.includes(` subject '${sub}'. Check your federated identity `));
    assert.match(error_description, / Trace ID: \S+ Correlation ID: \S+ Timestamp: \S+ \S+Z$/);
    azure.assertClean();
  });
}

Deno.test("Entra answers AADSTS700212 to an audience that no federated credential lists", async () => {
  const { azure } = bench();
  const aud = ["api://AzureADTokenExchange"];
  const response = await azure.fetch(entraRequest({ client_assertion: assertion({ aud }) }));
  assert.equal(response.status, 401);
  assert.deepEqual(await response.json(), {
    error: "invalid_client",
    error_description: "AADSTS700212",
    error_codes: [700212],
  });
  azure.assertClean();
});
