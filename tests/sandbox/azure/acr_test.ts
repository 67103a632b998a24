import assert from "node:assert/strict";
import { azureFailure, failureBody } from "../../data/failures.ts";
import { goldenStates } from "../../data/golden.ts";
import { type Claims, decodeJwt } from "./jwt.ts";
import type { FakeAzureOptions } from "./options.ts";
import {
  ARM,
  ARM_SCOPE,
  bench,
  CLIENT_ID,
  entraRequest,
  exchangeRequest,
  type Fields,
  identityToken,
  imdsRequest,
  refreshToken,
  REGISTRY,
  RESOURCE_ID,
  START_MS,
  SUBJECT,
  TENANT_ID,
  tokenOf,
  tokenRequest,
} from "./requests.ts";

const NOW = START_MS / 1000;
const ACR = "https://containerregistry.azure.net";

Deno.test("exchange gives a refresh token of 3 hours and nothing else", async () => {
  const { azure } = bench();
  const response = await azure.fetch(exchangeRequest(await identityToken(azure)));
  const body = await response.json();
  const { jti, ...claims } = decodeJwt(body.refresh_token)!;
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("x-ms-correlation-request-id"), jti);
  assert.deepEqual(Object.keys(body), ["refresh_token"]);
  assert.deepEqual(claims, {
    iss: "Azure Container Registry",
    aud: REGISTRY,
    version: "1.0",
    sub: CLIENT_ID,
    kind: "refresh",
    who: CLIENT_ID,
    arm: ARM,
    grant_type: "refresh_token",
    permissions: { actions: ["read"], notActions: [] },
    roles: [],
    iat: NOW,
    nbf: NOW,
    exp: NOW + 3 * 3600,
  });
  azure.assertClean();
});

Deno.test("token gives an access token of 75 minutes and nothing else", async () => {
  const { azure } = bench();
  const request = tokenRequest(await refreshToken(azure), {
    scope: ["repository:team/app:pull,metadata_read repository:b:pull", "registry:catalog:*"],
  });
  const body = await (await azure.fetch(request)).json();
  const { jti, ...claims } = decodeJwt(body.access_token)!;
  assert.equal(typeof jti, "string");
  assert.deepEqual(Object.keys(body), ["access_token"]);
  assert.deepEqual(claims, {
    iss: "Azure Container Registry",
    aud: REGISTRY,
    version: "1.0",
    sub: CLIENT_ID,
    kind: "access",
    who: CLIENT_ID,
    arm: ARM,
    scope: "repository:team/app:pull,metadata_read repository:b:pull registry:catalog:*",
    grant_type: "access_token",
    access: [
      { type: "repository", name: "team/app", actions: ["pull", "metadata_read"] },
      { type: "repository", name: "b", actions: ["pull"] },
      { type: "registry", name: "catalog", actions: ["*"] },
    ],
    iat: NOW,
    nbf: NOW,
    exp: NOW + 75 * 60,
  });
  azure.assertClean();
});

const REGIONAL = "bench.westeurope.geo.azurecr.io";

Deno.test("a regional endpoint serves its home registry, whose tokens are good at both", async () => {
  const { azure } = bench();
  const there = await refreshToken(azure, REGIONAL);
  const home = await refreshToken(azure);
  assert.equal(decodeJwt(there)!.aud, REGISTRY);
  for (const refresh of [there, home]) {
    for (const registry of [REGIONAL, REGISTRY]) {
      const response = await azure.fetch(tokenRequest(refresh, {}, registry));
      assert.equal(decodeJwt(await tokenOf(response, "access_token"))!.aud, REGISTRY);
    }
  }
  azure.assertClean();
});

Deno.test("a regional endpoint that is named as the service is a fault", async () => {
  const { azure } = bench();
  const request = tokenRequest(
    await refreshToken(azure, REGIONAL),
    { service: REGIONAL },
    REGIONAL,
  );
  assert.equal((await azure.fetch(request)).status, 400);
  assert.deepEqual(azure.violations(), [`token: form field service is not ${REGISTRY}`]);
});

Deno.test("a registry may know itself by another name, and its tokens serve", async () => {
  const { azure } = bench({ registryRules: { [REGISTRY]: { audience: "other.azurecr.io" } } });
  const refresh = await refreshToken(azure);
  assert.equal(decodeJwt(refresh)!.aud, "other.azurecr.io");
  assert.equal((await azure.fetch(tokenRequest(refresh))).status, 200);
  azure.assertClean();
});

Deno.test("what is not granted is missing in the token, which is given all the same", async () => {
  const grants = (who: string, scope: string) => who === CLIENT_ID && scope === "repository:a:pull";
  const { azure } = bench({ registryRules: { [REGISTRY]: { grants } } });
  const scope = "repository:a:pull,push repository:b:pull registry:catalog:*";
  const request = tokenRequest(await refreshToken(azure), { scope });
  const token = await tokenOf(await azure.fetch(request), "access_token");
  const { access, scope: asked } = decodeJwt(token)!;
  assert.deepEqual(access, [{ type: "repository", name: "a", actions: ["pull"] }]);
  assert.equal(asked, scope);
  azure.setRegistry(REGISTRY, { tellsAccess: false });
  const untold = await azure.fetch(tokenRequest(await refreshToken(azure), { scope }));
  assert.equal("access" in decodeJwt(await tokenOf(untold, "access_token"))!, false);
});

const RECORDED: readonly {
  readonly state: string;
  readonly secret: string;
  readonly identity: () => Request;
  readonly scope?: string;
}[] = [
  {
    state: "v1-client-id",
    secret: "pull-msi-acrpull-secret",
    identity: () => imdsRequest(),
  },
  {
    state: "v1-resource-id-unclean",
    secret: "pull-msi-acrpull-secret",
    identity: () => imdsRequest({ client_id: undefined, msi_res_id: RESOURCE_ID }),
  },
  {
    state: "v1-scope",
    secret: "pull-msi-acrpull-secret",
    identity: () => imdsRequest(),
    scope: "repository:app:pull",
  },
  {
    state: "v2-mi-gov-cloud",
    secret: "acr-pull-pull",
    identity: () => imdsRequest({ resource: "https://management.core.usgovcloudapi.net" }),
    scope: "repository:app:pull",
  },
  {
    state: "v2-wi-annotations",
    secret: "acr-pull-pull",
    identity: () => entraRequest({ scope: `${ARM_SCOPE} openid offline_access profile` }),
    scope: "repository:app:pull",
  },
];

for (const { state, secret, identity, scope } of RECORDED) {
  Deno.test(`the token's claims are those that the state ${state} records`, async () => {
    const { azure } = bench();
    const entra = await tokenOf(await azure.fetch(identity()), "access_token");
    let token = await tokenOf(await azure.fetch(exchangeRequest(entra)), "refresh_token");
    if (scope !== undefined) {
      token = await tokenOf(await azure.fetch(tokenRequest(token, { scope })), "access_token");
    }
    assert.deepEqual(recordedClaims(decodeJwt(token)!), goldenToken(state, secret));
    azure.assertClean();
  });
}

const FAULTS: readonly {
  readonly when: string;
  readonly endpoint: "exchange" | "token";
  readonly change?: Fields;
  readonly init?: RequestInit;
  readonly faults: readonly string[];
}[] = [
  {
    when: "the grant type is the deprecated one",
    endpoint: "exchange",
    change: { grant_type: "access_token_refresh_token" },
    faults: ["form field grant_type is not access_token"],
  },
  {
    when: "the service is another registry",
    endpoint: "exchange",
    change: { service: "other.azurecr.io" },
    faults: [`form field service is not ${REGISTRY}`],
  },
  {
    when: "there is no token",
    endpoint: "exchange",
    change: { access_token: undefined },
    faults: ["form field access_token is missing"],
  },
  {
    when: "the tenant is no tenant",
    endpoint: "exchange",
    change: { tenant: "common" },
    faults: ["tenant is neither GUID nor domain"],
  },
  {
    when: "there is no scope",
    endpoint: "token",
    change: { scope: undefined },
    faults: ["form field scope is missing"],
  },
  {
    when: "the scope is empty",
    endpoint: "token",
    change: { scope: "" },
    faults: ["form field scope is empty"],
  },
  {
    when: "the refresh token comes under another name",
    endpoint: "token",
    change: { refresh_token: undefined, access_token: "x" },
    faults: ["form field refresh_token is missing", "unknown form field access_token"],
  },
  {
    when: "the method is PUT",
    endpoint: "token",
    init: { method: "PUT" },
    faults: ["method PUT instead of POST"],
  },
];

for (const { when, endpoint, change, init, faults } of FAULTS) {
  Deno.test(`${endpoint} refuses and reports it when ${when}`, async () => {
    const { azure } = bench();
    const request = endpoint === "exchange"
      ? exchangeRequest(await identityToken(azure), change, REGISTRY, init)
      : tokenRequest(await refreshToken(azure), change, REGISTRY, init);
    const issued = azure.issuedTokens();
    const response = await azure.fetch(request);
    assert.equal(response.status, 400);
    assert.deepEqual(await response.json(), {
      errors: faults.map((message) => ({ code: "UNSUPPORTED", message })),
    });
    assert.deepEqual(azure.violations(), faults.map((fault) => `${endpoint}: ${fault}`));
    assert.deepEqual(azure.issuedTokens(), issued);
  });
}

Deno.test("a GET finds nothing at exchange, and is a fault", async () => {
  const { azure } = bench();
  assert.equal((await azure.fetch(`https://${REGISTRY}/oauth2/exchange`)).status, 404);
  assert.equal(azure.violations()[0], "exchange: method GET instead of POST");
});

Deno.test("a scope of no known shape is refused, and is its author's mistake", async () => {
  const { azure } = bench();
  const request = tokenRequest(await refreshToken(azure), { scope: "repository:app:run" });
  const response = await azure.fetch(request);
  assert.equal(response.status, 400);
  assert.deepEqual(await response.json(), {
    errors: [{ code: "UNSUPPORTED", message: "scope repository:app:run is malformed" }],
  });
  azure.assertClean();
});

const EXCHANGES: readonly {
  readonly when: string;
  readonly options?: Omit<FakeAzureOptions, "clock">;
  readonly resource?: string;
  readonly change?: Fields;
  readonly query?: string;
  readonly answer: 200 | "acr-401";
}[] = [
  { when: "the audience is the registries' own", resource: ACR, answer: 200 },
  { when: "the tenant is given", change: { tenant: TENANT_ID }, answer: 200 },
  { when: "the SDK's api-version is given", query: "?api-version=2021-07-01", answer: 200 },
  { when: "the token is not from here", change: { access_token: "a.b.c" }, answer: "acr-401" },
  {
    when: "the registry refuses Resource Manager's audience",
    options: { registryRules: { [REGISTRY]: { refuseArmAudience: true } } },
    answer: "acr-401",
  },
  {
    when: "the registry refuses Resource Manager's audience and gets its own",
    options: { registryRules: { [REGISTRY]: { refuseArmAudience: true } } },
    resource: ACR,
    answer: 200,
  },
  {
    when: "the identity has no role",
    options: { registryRules: { [REGISTRY]: { admits: (who) => who !== CLIENT_ID } } },
    answer: "acr-401",
  },
];

for (const { when, options, resource, change, query, answer } of EXCHANGES) {
  Deno.test(`exchange answers ${answer} when ${when}, and finds no fault`, async () => {
    const { azure } = bench(options);
    const identity = await identityToken(azure, resource === undefined ? {} : { resource });
    const request = exchangeRequest(identity, change);
    const response = await azure.fetch(request.url + (query ?? ""), request);
    await assertAnswer(response, answer);
    azure.assertClean();
  });
}

Deno.test("a role that is granted later lets the next exchange pass", async () => {
  const { azure } = bench({ registryRules: { [REGISTRY]: { admits: () => false } } });
  const identity = await identityToken(azure);
  await assertAnswer(await azure.fetch(exchangeRequest(identity)), "acr-401");
  azure.setRegistry(REGISTRY, {});
  await assertAnswer(await azure.fetch(exchangeRequest(identity)), 200);
});

Deno.test("a refresh token opens its own registry, not another and not exchange", async () => {
  const { azure } = bench();
  const refresh = await refreshToken(azure, "other.azurecr.io");
  await assertAnswer(await azure.fetch(tokenRequest(refresh, {}, "other.azurecr.io")), 200);
  await assertAnswer(await azure.fetch(tokenRequest(refresh)), "acr-401");
  await assertAnswer(await azure.fetch(exchangeRequest(refresh)), "acr-401");
});

Deno.test("an ABAC registry refuses a wildcard and takes a name", async () => {
  const { azure } = bench({ registryRules: { [REGISTRY]: { abac: true } } });
  const refresh = await refreshToken(azure);
  const ask = (scope: string) => azure.fetch(tokenRequest(refresh, { scope }));
  await assertAnswer(await ask("repository:*:pull"), "acr-abac-wildcard");
  await assertAnswer(await ask("repository:app:pull"), 200);
});

Deno.test("every token dies at its own time", async () => {
  const { azure, advance } = bench({
    tokenLifetimeMs: { imds: 60_000, refresh: 120_000, access: 30_000 },
  });
  const identity = await identityToken(azure);
  const refresh = await refreshToken(azure);
  await advance(59_999);
  await assertAnswer(await azure.fetch(exchangeRequest(identity)), 200);
  await advance(1);
  await assertAnswer(await azure.fetch(exchangeRequest(identity)), "acr-401");
  await advance(59_999);
  const access = await tokenOf(await azure.fetch(tokenRequest(refresh)), "access_token");
  assert.equal(decodeJwt(access)!.exp, Math.floor((START_MS + 149_999) / 1000));
  await advance(1);
  await assertAnswer(await azure.fetch(tokenRequest(refresh)), "acr-401");
});

async function assertAnswer(response: Response, answer: number | string): Promise<void> {
  const body = await response.text();
  if (typeof answer === "number") assert.equal(response.status, answer, body);
  else assert.equal(body, failureBody(azureFailure(answer)));
}

function recordedClaims(claims: Claims): Claims {
  const names = ["kind", "scope", "aud", "who", "arm"];
  return Object.fromEntries(names.filter((n) => n in claims).map((n) => [n, claims[n]]));
}

/** The recorded token, in the tests' namespace. */
function goldenToken(name: string, secret: string): Claims {
  const state = goldenStates(name).find((candidate) => candidate.name === name)!;
  const { token } = state.final.secrets[secret]!.auths[REGISTRY]!;
  const namespace = SUBJECT.split(":")[2]!;
  return { ...token, who: token.who.replace(":NS:", `:${namespace}:`) };
}
