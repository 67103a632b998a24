import assert from "node:assert/strict";
import fc from "fast-check";
import { failureOf } from "../../../src/azure/classify.ts";
import type { AzureEndpoint, AzureError } from "../../../src/azure/errors.ts";
import { callAzure } from "../../../src/azure/http.ts";
import {
  type AzureFailure,
  azureFailures,
  failureResponse,
  isAnswerOfAzure,
} from "../../data/failures.ts";
import { encodeJwt } from "../../sandbox/azure/jwt.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";
import { requestTo } from "./support.ts";

const ENTRA = "login.microsoftonline.com";
const REGISTRY = "bench.azurecr.io";
const RETRY = "The operator tries again by itself.";
const GRANT =
  "Grant the identity AcrPull (Container Registry Repository Reader on a registry with ABAC) and name repositories, not wildcards, in the scope; a new grant takes up to 10 minutes.";
const FEDERATE =
  "Create a federated credential that matches issuer, subject and audience; a new one takes minutes to work.";
const SUBJECT =
  "Make the federated credential's subject equal system:serviceaccount:NAMESPACE:NAME";
const SLOW_REGISTRY = "The registry's tier limits its requests; the operator waits.";

/** Reason and whole message of each recorded failure of Azure. */
const EXPECTED: Readonly<Record<string, readonly [reason: string, message: string]>> = {
  "imds-not-found": [
    "IdentityNotFound",
    "IMDS answered HTTP 400 (invalid_request: Identity not found). Assign the managed identity to the node pool's scale set, or correct its client or resource ID.",
  ],
  "imds-ambiguous": [
    "IdentityAmbiguous",
    "IMDS answered HTTP 400 (invalid_request: Multiple user assigned identities exist). Set the client ID or the resource ID of one identity.",
  ],
  "imds-no-header": [
    "HeaderStripped",
    "IMDS answered HTTP 400 (invalid_request: Required metadata header not specified). Remove the proxy that strips the Metadata header on the way to 169.254.169.254.",
  ],
  "imds-bad-resource": [
    "AudienceUnknown",
    "IMDS answered HTTP 400 (invalid_resource: AADSTS500011). Correct the audience (ARM_RESOURCE, --acr-audience, cloudConfig), or the cloud of the binding.",
  ],
  "imds-unknown-source": [
    "ImdsRequestRefused",
    "IMDS answered HTTP 401 (unknown_source). Check AZURE_POD_IDENTITY_AUTHORITY_HOST, if it is set.",
  ],
  "imds-proxy-403": [
    "ImdsForbidden",
    "IMDS answered HTTP 403. Check that the operator runs on an Azure node, and that no proxy stands before 169.254.169.254.",
  ],
  "imds-updating": [
    "ImdsUpdating",
    "IMDS answered HTTP 410. The service is being updated, which takes 70 s at most.",
  ],
  "imds-busy": [
    "Throttled",
    "IMDS answered HTTP 429 (too_many_requests). Other pods of this node use up the limit of 20 requests a second; the operator waits.",
  ],
  "imds-500": ["ServiceTrouble", `IMDS answered HTTP 500 (unknown). ${RETRY}`],
  "imds-nmi-500": ["ServiceTrouble", `IMDS answered HTTP 500. ${RETRY}`],
  "entra-no-app": [
    "ApplicationNotFound",
    `${ENTRA} answered HTTP 400 (unauthorized_client: AADSTS700016). Correct the client ID or the tenant ID.`,
  ],
  "entra-no-fic-400": [
    "FederationNotFound",
    `${ENTRA} answered HTTP 400 (invalid_request: AADSTS70021). ${FEDERATE}`,
  ],
  "entra-no-fic-401": [
    "FederationNotFound",
    `${ENTRA} answered HTTP 401 (invalid_client: AADSTS70021). ${FEDERATE}`,
  ],
  "entra-issuer": [
    "FederationIssuer",
    `${ENTRA} answered HTTP 401 (invalid_client: AADSTS700211). Make the federated credential's issuer equal the cluster's, trailing slash included.`,
  ],
  "entra-subject-case": [
    "FederationSubjectCase",
    `${ENTRA} answered HTTP 401 (invalid_client: AADSTS7002138). ${SUBJECT}, in the same case.`,
  ],
  "entra-subject": [
    "FederationSubject",
    `${ENTRA} answered HTTP 401 (invalid_client: AADSTS700213). ${SUBJECT}.`,
  ],
  "entra-expired": [
    "AssertionExpired",
    `${ENTRA} answered HTTP 401 (invalid_client: AADSTS700024). Check the clocks of the nodes if this stays.`,
  ],
  "entra-oidc-down": [
    "IssuerUnreachable",
    `${ENTRA} answered HTTP 400 (invalid_request: AADSTS50166). Make the cluster's issuer discovery URL public.`,
  ],
  "entra-oidc-90061": [
    "IssuerUnreachable",
    `${ENTRA} answered HTTP 400 (invalid_request: AADSTS90061). Make the cluster's issuer discovery URL public.`,
  ],
  "entra-tenant-old": [
    "TenantNotFound",
    `${ENTRA} answered HTTP 400 (invalid_request: AADSTS90002). Correct the tenant ID, or the cloud of the binding.`,
  ],
  "entra-tenant-new": [
    "TenantNotFound",
    `${ENTRA} answered HTTP 400 (invalid_tenant: AADSTS90002). Correct the tenant ID, or the cloud of the binding.`,
  ],
  "entra-resource": [
    "AudienceUnknown",
    `${ENTRA} answered HTTP 400 (invalid_resource: AADSTS500011). Correct the audience (ARM_RESOURCE, --acr-audience, cloudConfig), or the cloud of the binding.`,
  ],
  "entra-429": [
    "Throttled",
    `${ENTRA} answered HTTP 429. The operator waits as long as Entra asks.`,
  ],
  "entra-503": [
    "EntraTrouble",
    `${ENTRA} answered HTTP 503 (temporarily_unavailable). ${RETRY}`,
  ],
  "acr-401": [
    "RegistryDenied",
    `${REGISTRY} answered HTTP 401 (UNAUTHORIZED: authentication required). ${GRANT}`,
  ],
  "acr-401-opaque": ["RegistryDenied", `${REGISTRY} answered HTTP 401. ${GRANT}`],
  "acr-firewall": [
    "RegistryFirewall",
    `${REGISTRY} answered HTTP 403 (DENIED: client with IP '203.0.113.9' is not allowed access). Allow the cluster's egress address in the registry's network rules, or use its private endpoint.`,
  ],
  "acr-404": [
    "RegistryNotFound",
    `${REGISTRY} answered HTTP 404. Correct the registry's name.`,
  ],
  "acr-429": ["Throttled", `${REGISTRY} answered HTTP 429 (TOOMANYREQUESTS). ${SLOW_REGISTRY}`],
  "acr-429-edge": ["Throttled", `${REGISTRY} answered HTTP 429. ${SLOW_REGISTRY}`],
  "acr-abac-wildcard": [
    "RegistryDenied",
    `${REGISTRY} answered HTTP 401 (UNAUTHORIZED: authentication required). ${GRANT}`,
  ],
  "acr-500": ["ServiceTrouble", `${REGISTRY} answered HTTP 500. ${RETRY}`],
  "entra-no-federated-credential": [
    "FederationNotFound",
    `${ENTRA} answered HTTP 401 (invalid_client: AADSTS70025: The client has no configured federated identity credentials). Create a federated credential for this service account: the identity has none; a new one takes minutes to work.`,
  ],
  "entra-request-loop": [
    "Throttled",
    `${ENTRA} answered HTTP 400 (invalid_grant: AADSTS50196: The server terminated an operation because it encountered a client request loop). Entra saw the same call too often; the operator makes fewer and waits.`,
  ],
  "acr-429-countdown": [
    "Throttled",
    `${REGISTRY} answered HTTP 429 (TOOMANYREQUESTS: too many requests). ${SLOW_REGISTRY}`,
  ],
};

const OF_AZURE = azureFailures().filter(isAnswerOfAzure);

Deno.test("classify: every recorded failure of Azure has its expectation, and none is left over", () => {
  assert.deepEqual(Object.keys(EXPECTED), OF_AZURE.map(({ name }) => name));
});

for (const failure of OF_AZURE) {
  Deno.test(`classify: ${failure.name} is ${failure.class}, with its remedy`, async () => {
    const error = await errorOf(failure.endpoint as AzureEndpoint, failureResponse(failure));
    const [reason, message] = EXPECTED[failure.name]!;
    assert.deepEqual(
      {
        class: error.failure.class,
        reason: error.failure.reason,
        message: error.message,
        status: error.failure.status,
        retryAfterMs: error.failure.retryAfterMs,
      },
      {
        class: failure.class,
        reason,
        message,
        status: failure.status,
        retryAfterMs: waitOf(failure),
      },
    );
  });
}

function waitOf({ headers }: AzureFailure): number | undefined {
  const seconds = headers["Retry-After"];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

const TRACE = "Trace ID: 2f1c2a9e-1c1b-4a0e-9d52-6b8d0a3f1e00 " +
  "Correlation ID: 0d9c1c1e-7d1f-4d1f-a3de-0c9ad0f9b9a1 Timestamp: 2026-06-01 12:00:00Z";

const STABLE: readonly {
  readonly when: string;
  readonly endpoint: AzureEndpoint;
  readonly status: number;
  readonly body: unknown;
  readonly problem: string;
}[] = [
  {
    when: "Entra's trace and correlation IDs and its timestamp are left out",
    endpoint: "entra",
    status: 400,
    body: {
      error: "invalid_request",
      error_description: "AADSTS70021: No matching federated identity record found for presented " +
        `assertion subject 'system:serviceaccount:a:b'. ${TRACE}`,
      error_codes: [70021],
      timestamp: "2026-06-01 12:00:00Z",
      trace_id: "2f1c2a9e-1c1b-4a0e-9d52-6b8d0a3f1e00",
    },
    problem: "invalid_request: AADSTS70021: No matching federated identity record found for " +
      "presented assertion subject 'system:serviceaccount:a:b'",
  },
  {
    when: "they are also left out where lines are broken between them",
    endpoint: "entra",
    status: 400,
    body: {
      error: "unauthorized_client",
      error_description:
        "AADSTS700016: Application\r\nwith identifier 'x'\r\nwas not found.\r\nTrace ID: 1\r\nCorrelation ID: 2",
      error_codes: [700016],
    },
    problem: "unauthorized_client: AADSTS700016: Application with identifier 'x' was not found",
  },
  {
    when: "the moments that an expired assertion is compared with are left out",
    endpoint: "entra",
    status: 401,
    body: {
      error: "invalid_client",
      error_description:
        "AADSTS700024: Client assertion is not within its valid time range. Current time: 2026-06-01T12:00:00.1234567Z, expiry time of assertion 2026-06-01T11:00:00.0000000Z.",
      error_codes: [700024],
    },
    problem: "invalid_client: AADSTS700024: Client assertion is not within its valid time range. " +
      "Current time: (time), expiry time of assertion (time)",
  },
  {
    when: "a registry's correlation ID is left out",
    endpoint: "exchange",
    status: 401,
    body: {
      errors: [{
        code: "UNAUTHORIZED",
        message: "authentication required, visit https://aka.ms/acr/authorization for more " +
          "information. CorrelationId: 5b2e1e87-0f9c-4a53-8c43-0b3c7a1d9e11",
      }],
    },
    problem: "UNAUTHORIZED: authentication required, visit https://aka.ms/acr/authorization for " +
      "more information",
  },
  {
    when: "a page of a proxy is not repeated",
    endpoint: "exchange",
    status: 401,
    body: "<html><body>Request 8f2e blocked</body></html>",
    problem: "",
  },
  {
    when: "a token that a service echoes is masked",
    endpoint: "entra",
    status: 400,
    body: {
      error: "invalid_request",
      error_description: `AADSTS50027: ${encodeJwt({ sub: "x" })} is malformed.`,
      error_codes: [50027],
    },
    problem: "invalid_request: AADSTS50027: [redacted] is malformed",
  },
  {
    when: "an error member that is a story is cut and put on one line",
    endpoint: "imds",
    status: 400,
    body: { error: `one\ntwo${"x".repeat(1000)}` },
    problem: `one two${"x".repeat(293)}`,
  },
  {
    when: "a description that is a story is cut",
    endpoint: "entra",
    status: 400,
    body: { error: "invalid_request", error_description: "x".repeat(1000) },
    problem: `invalid_request: ${"x".repeat(300)}`,
  },
  {
    when: "only a registry's first error counts",
    endpoint: "token",
    status: 401,
    body: { errors: [{ code: "UNAUTHORIZED", message: "first" }, { message: "second" }] },
    problem: "UNAUTHORIZED: first",
  },
];

for (const { when, endpoint, status, body, problem } of STABLE) {
  Deno.test(`classify: ${when}`, async () => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const error = await errorOf(endpoint, new Response(text, { status }));
    const { host, remedy } = error.failure;
    const said = problem === "" ? "" : ` (${problem})`;
    assert.equal(error.message, `${host} answered HTTP ${status}${said}. ${remedy}`);
  });
}

Deno.test("classify: an AADSTS number counts before the status that it comes with", async () => {
  const cases = await Promise.all([400, 401, 403].map(async (status) => {
    const body = JSON.stringify({ error: "whatever", error_codes: [70021] });
    return (await errorOf("entra", new Response(body, { status }))).failure.reason;
  }));
  assert.deepEqual(cases, ["FederationNotFound", "FederationNotFound", "FederationNotFound"]);
});

Deno.test("classify: an AADSTS number is read out of the description where none is listed", async () => {
  const body = JSON.stringify({ error_description: "AADSTS7000112: Application is disabled." });
  const error = await errorOf("entra", new Response(body, { status: 400 }));
  assert.equal(error.failure.reason, "ApplicationDisabled");
});

/** AADSTS numbers as the documentation of Entra and of azure-workload-identity has them. */
const NUMBERS: readonly [verdict: string, ...numbers: number[]][] = [
  ["permanent-user-error ApplicationNotFound", 700016],
  ["permanent-user-error FederationNotFound", 70021],
  ["auth-denied FederationNotFound", 70025],
  ["permanent-user-error FederationIssuer", 700211],
  ["permanent-user-error FederationAudience", 700212],
  ["permanent-user-error FederationSubjectCase", 7002137, 7002138],
  ["permanent-user-error FederationSubject", 700213],
  ["transient AssertionExpired", 700024],
  ["transient SigningKeyUnknown", 700027, 7000272],
  ["transient IssuerUnreachable", 90061, 50166],
  ["permanent-user-error IssuerKeysUnreadable", 900612],
  ["permanent-user-error TenantNotFound", 90002, 900023],
  ["permanent-user-error WrongCloud in the cluster", 90038],
  ["permanent-user-error AudienceUnknown", 500011, 50001],
  ["permanent-user-error ScopeRefused in the cluster", 70011],
  ["permanent-user-error ApplicationDisabled", 7000112],
  ["auth-denied ConditionalAccess", 53003],
  ["throttled Throttled", 90055, 50196],
  ["transient EntraTrouble", 90006, 90012, 90024, 90033],
];

for (const [verdict, ...numbers] of NUMBERS) {
  Deno.test(`classify: AADSTS${numbers.join(" and ")} is ${verdict}, alone or among others`, async () => {
    for (const number of numbers) {
      for (const error_codes of [[number], [1, number]]) {
        const body = JSON.stringify({ error: "invalid_request", error_codes });
        const { failure } = await errorOf("entra", new Response(body, { status: 400 }));
        const where = failure.healsInCluster ? " in the cluster" : "";
        assert.equal(`${failure.class} ${failure.reason}${where}`, verdict);
      }
    }
  });
}

for (const error_codes of [[], ["500011"], [null], "500011"]) {
  Deno.test(`classify: error_codes ${JSON.stringify(error_codes)} leave the number to the text`, async () => {
    const error_description = "AADSTS500011: The resource principal was not found.";
    const body = JSON.stringify({ error: "invalid_request", error_description, error_codes });
    for (const endpoint of ["entra", "imds"] as const) {
      const { failure } = await errorOf(endpoint, new Response(body, { status: 400 }));
      assert.equal(failure.reason, "AudienceUnknown");
    }
  });
}

const OF_IMDS: readonly [status: number, body: object, verdict: string][] = [
  [400, {}, "permanent-user-error IdentityRefused"],
  [
    400,
    { error: "invalid_request", error_description: "Identity not found" },
    "permanent-user-error IdentityNotFound",
  ],
  [
    400,
    { error_description: "Multiple user assigned identities exist" },
    "permanent-user-error IdentityAmbiguous",
  ],
  [
    400,
    { error_description: "Required metadata header not specified" },
    "permanent-user-error HeaderStripped",
  ],
  [400, { error: "invalid_resource" }, "permanent-user-error AudienceUnknown in the cluster"],
  [
    400,
    { error_description: "AADSTS500011: The resource principal named https://x was not found" },
    "permanent-user-error AudienceUnknown in the cluster",
  ],
  [
    400,
    {
      error: "unauthorized_client",
      error_description: "AADSTS50001: The application was not found",
    },
    "permanent-user-error AudienceUnknown in the cluster",
  ],
  [
    400,
    { error: "invalid_resource", error_description: "AADSTS500014: The resource is disabled" },
    "permanent-user-error AudienceDisabled",
  ],
  [401, {}, "permanent-user-error ImdsRequestRefused in the cluster"],
  [403, {}, "permanent-user-error ImdsForbidden"],
  [404, {}, "transient ImdsBusy"],
  [408, {}, "transient ImdsBusy"],
  [410, {}, "transient ImdsUpdating"],
  [429, {}, "throttled Throttled"],
  [500, {}, "transient ServiceTrouble"],
  [404, { error: "invalid_resource" }, "transient ImdsBusy"],
];

for (const [status, body, verdict] of OF_IMDS) {
  Deno.test(`classify: of IMDS, ${status} with ${JSON.stringify(body)} is ${verdict}`, async () => {
    const { failure } = await errorOf("imds", Response.json(body, { status }));
    const where = failure.healsInCluster ? " in the cluster" : "";
    assert.equal(`${failure.class} ${failure.reason}${where}`, verdict);
  });
}

Deno.test("classify: a resource that Entra calls invalid is an unknown audience, whatever its number", async () => {
  const body = JSON.stringify({ error: "invalid_resource", error_codes: [1] });
  const { failure } = await errorOf("entra", new Response(body, { status: 400 }));
  assert.deepEqual([failure.class, failure.reason], ["permanent-user-error", "AudienceUnknown"]);
});

Deno.test("classify: what no rule knows is the user's to mend below 500, else the service's", async () => {
  const table: string[] = [];
  for (const endpoint of ["entra", "exchange"] as const) {
    for (const status of [400, 405, 408, 418, 500, 502, 599]) {
      const { failure } = await errorOf(endpoint, new Response("", { status }));
      table.push(`${endpoint} ${status} ${failure.class} ${failure.reason}`);
    }
  }
  assert.deepEqual(
    table,
    ["entra", "exchange"].flatMap((endpoint) => [
      `${endpoint} 400 permanent-user-error Refused`,
      `${endpoint} 405 permanent-user-error Refused`,
      `${endpoint} 408 transient ServiceTrouble`,
      `${endpoint} 418 permanent-user-error Refused`,
      `${endpoint} 500 transient ServiceTrouble`,
      `${endpoint} 502 transient ServiceTrouble`,
      `${endpoint} 599 transient ServiceTrouble`,
    ]),
  );
});

const BAD_SCOPE_BODIES: readonly string[] = [
  '{"errors":[{"code":"UNSUPPORTED","message":"scope repository:app is malformed"}]}',
  '{"errors":[{"code":"NAME_INVALID"}]}',
  '{"errors":[]}',
  "<html>Bad Request</html>",
  "",
];

for (const body of BAD_SCOPE_BODIES) {
  Deno.test(`classify: a registry that calls a request for a token bad, by ${JSON.stringify(body)}, means the scope`, async () => {
    const error = await errorOf("token", new Response(body, { status: 400 }));
    const { failure: { class: kind, reason, healsInCluster } } = error;
    assert.deepEqual([kind, reason, healsInCluster], [
      "permanent-user-error",
      "RegistryScopeRefused",
      true,
    ]);
    assert.match(
      error.message,
      /^bench\.azurecr\.io answered HTTP 400.*\. Correct the binding's scope: write repository:NAME:pull, and several separated by spaces\.$/,
    );
  });
}

const DATE = "Mon, 01 Jun 2026 12:00:00 GMT";
const RETRY_AFTER: readonly {
  readonly headers: Readonly<Record<string, string>>;
  readonly waitMs: number | undefined;
}[] = [
  { headers: {}, waitMs: undefined },
  { headers: { "Retry-After": "7" }, waitMs: 7_000 },
  { headers: { "Retry-After": " 120 " }, waitMs: 120_000 },
  { headers: { "Retry-After": "0" }, waitMs: 0 },
  { headers: { "Retry-After": "soon" }, waitMs: undefined },
  { headers: { "Retry-After": "1.5" }, waitMs: undefined },
  {
    headers: { "Retry-After": "Mon, 01 Jun 2026 12:01:30 GMT", Date: DATE },
    waitMs: 90_000,
  },
  { headers: { "Retry-After": "Mon, 01 Jun 2026 11:59:00 GMT", Date: DATE }, waitMs: 0 },
  { headers: { "Retry-After": "Mon, 01 Jun 2026 12:01:30 GMT" }, waitMs: undefined },
];

for (const { headers, waitMs } of RETRY_AFTER) {
  Deno.test(`classify: headers ${JSON.stringify(headers)} ask to wait ${waitMs} ms`, async () => {
    const error = await errorOf("entra", new Response("", { status: 429, headers }));
    assert.equal(error.failure.retryAfterMs, waitMs);
  });
}

Deno.test("classify: the service's own name for the request is kept for the log, not for the message", async () => {
  const ids = [
    { "x-ms-request-id": "entra-1" },
    { "X-Ms-Correlation-Request-Id": "acr-1" },
  ];
  const errors = await Promise.all(
    ids.map((headers) => errorOf("exchange", new Response("", { status: 500, headers }))),
  );
  assert.deepEqual(errors.map(({ failure }) => failure.requestId), ["entra-1", "acr-1"]);
  assert.equal(errors[0]!.message, errors[1]!.message);
});

Deno.test("property: whatever a service answers, the message is one line, bounded and without a token", async () => {
  const token = encodeJwt({ sub: "secret", exp: 1 });
  const word = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.constantFrom(token, `\n${token}\n`, "AADSTS70021", "Trace ID: 1", "\u2028\r\n\t"),
  );
  const text = fc.array(word, { maxLength: 6 }).map((words) => words.join(" "));
  const body = fc.oneof(
    text,
    fc.json({ maxDepth: 2 }),
    fc.record({
      error: fc.oneof(text, fc.jsonValue()),
      error_description: fc.oneof(text, fc.jsonValue()),
      error_codes: fc.jsonValue(),
    }, { requiredKeys: [] }).map((value) => JSON.stringify(value)),
    fc.record({ errors: fc.array(fc.record({ code: text, message: text })) })
      .map((value) => JSON.stringify(value)),
  );
  const endpoint = fc.constantFrom<AzureEndpoint>("imds", "entra", "exchange", "token");
  await fc.assert(
    fc.asyncProperty(
      endpoint,
      fc.integer({ min: 400, max: 599 }),
      body,
      async (to, status, sent) => {
        const { message } = await errorOf(to, new Response(sent, { status }));
        assert.ok(!/[\r\n\t\u2028\u2029]/.test(message), message);
        assert.ok(message.length < 1000, message);
        assert.ok(!message.includes(token) && !message.includes(token.split(".")[1]!), message);
        assert.ok(message.endsWith("."), message);
      },
    ),
    { numRuns: 150 },
  );
});

async function errorOf(endpoint: AzureEndpoint, response: Response): Promise<AzureError> {
  const request = requestTo(endpoint);
  const transport = { clock: new FakeTime().clock, fetch: () => Promise.resolve(response) };
  return failureOf(request, await callAzure(transport, request));
}
