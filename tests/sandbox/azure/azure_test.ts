import assert from "node:assert/strict";
import fc from "fast-check";
import { goldenStates } from "../../data/golden.ts";
import { decodeJwt, encodeJwt } from "./jwt.ts";
import {
  ARM,
  ARM_SCOPE,
  AUDIENCE,
  bench,
  CLIENT_ID,
  entraRequest,
  exchangeRequest,
  identityToken,
  imdsRequest,
  refreshToken,
  REGISTRY,
  START_MS,
  SUBJECT,
  TENANT_ID,
  tokenRequest,
} from "./requests.ts";

const UNEXPECTED = [
  "http://169.254.169.254/metadata/instance",
  "https://169.254.169.254/metadata/identity/oauth2/token",
  "https://login.microsoftonline.com/common/discovery/instance",
  "https://login.example.com/contoso.com/oauth2/v2.0/token",
  `http://login.microsoftonline.com/${TENANT_ID}/oauth2/v2.0/token`,
  `http://${REGISTRY}/oauth2/exchange`,
  `https://${REGISTRY}/v2/`,
  `https://${REGISTRY}:8443/oauth2/exchange`,
  `https://user@${REGISTRY}/oauth2/exchange`,
  "https://bench.westeurope.data.azurecr.io/oauth2/exchange",
  "https://azurecr.io/oauth2/exchange",
  "https://evilazurecr.io/oauth2/exchange",
  "https://bench.azurecr.io.example.com/oauth2/token",
];

for (const url of UNEXPECTED) {
  Deno.test(`a call to ${url} is unexpected`, async () => {
    const { azure } = bench();
    // A user name would make Request itself refuse the URL.
    const { origin, pathname } = new URL(url);
    const shown = `GET ${origin}${pathname}`;
    const request = new Request(`${origin}${pathname}`);
    const arrival = { url: new URL(`${url}?token=secret`), ending: new AbortController().signal };
    await assert.rejects(azure.handle(request, arrival), {
      name: "UnexpectedCallError",
      message: `Unexpected call to the fake Azure: ${shown}`,
    });
    assert.deepEqual(azure.unexpected(), [shown]);
    assert.throws(() => azure.assertNoUnexpected(), { message: new RegExp(RegExp.escape(shown)) });
    assert.deepEqual(azure.calls(), []);
  });
}

const HOSTS: readonly (readonly [string, boolean])[] = [
  [REGISTRY, true],
  ["bench-abc123.azurecr.us", true],
  ["bench.westeurope.geo.azurecr.io", true],
  ["registry.azurecr.cn", true],
  ["login.chinacloudapi.cn", true],
  ["collector.example.net", true],
  ["evil.example.com", false],
];

for (const [host, served] of HOSTS) {
  Deno.test(`${host} is ${served ? "" : "not "}served`, () => {
    assert.equal(bench().azure.serves(host), served);
  });
}

Deno.test("only the registries that are listed are known", async () => {
  const { azure } = bench({ registries: ["registry.corp"] });
  const identity = await identityToken(azure);
  const known = await azure.fetch(exchangeRequest(identity, {}, "registry.corp"));
  assert.equal(known.status, 200);
  await assert.rejects(azure.fetch(exchangeRequest(identity)), { name: "UnexpectedCallError" });
});

Deno.test("the record shows every call, its order and its outcome, and no token", async () => {
  const { azure, advance } = bench();
  const refresh = await refreshToken(azure);
  await advance(1000);
  await azure.fetch(entraRequest());
  azure.fail("acr-500");
  await azure.fetch(tokenRequest(refresh));
  await azure.fetch(tokenRequest("a.b.c"));
  const acr = { registry: REGISTRY, who: CLIENT_ID, audience: ARM };
  assert.deepEqual(azure.calls(), [
    { kind: "imds", at: START_MS, who: CLIENT_ID, audience: ARM, status: 200 },
    { kind: "exchange", at: START_MS, ...acr, status: 200 },
    {
      kind: "entra",
      at: START_MS + 1000,
      who: `${TENANT_ID}/${CLIENT_ID}/${SUBJECT}/${AUDIENCE}`,
      tenant: TENANT_ID,
      audience: "https://management.core.windows.net/",
      scope: ARM_SCOPE,
      status: 200,
    },
    {
      kind: "token",
      at: START_MS + 1000,
      ...acr,
      scope: "repository:app:pull",
      failure: "acr-500",
      status: 500,
    },
    {
      kind: "token",
      at: START_MS + 1000,
      registry: REGISTRY,
      scope: "repository:app:pull",
      status: 401,
    },
  ]);
  assert.deepEqual(azure.counts(), { imds: 1, entra: 1, exchange: 1, token: 2 });
  const shown = JSON.stringify(azure.calls());
  for (const token of azure.issuedTokens()) assert.ok(!shown.includes(token));
  azure.assertClean();
});

Deno.test("every mint gives another token, whatever chance says", async () => {
  const { azure } = bench({ random: () => 0, imdsLimits: { perSecond: 99, concurrent: 9 } });
  for (let count = 0; count < 50; count++) await identityToken(azure);
  assert.equal(new Set(azure.issuedTokens()).size, 50);
});

Deno.test("each service takes its own time, at 1,000 callers as at one", async () => {
  const { azure, clock, advance } = bench({ latencyMs: { imds: 30, entra: 120, acr: 120 } });
  const asking = azure.fetch(imdsRequest());
  await advance(30);
  const { access_token: identity } = await (await asking).json();
  const startedAt = clock.now();
  const endedAt: number[] = [];
  const callers = Array.from({ length: 1000 }, async () => {
    const response = await azure.fetch(exchangeRequest(identity));
    endedAt.push(clock.now() - startedAt);
    return response.status;
  });
  // Reading 1,000 forms takes turns of the event loop, which must pass before time does.
  while (azure.calls().filter(({ who }) => who !== undefined).length < 1001) await advance(0);
  await advance(119);
  assert.equal(endedAt.length, 0);
  await advance(1);
  assert.deepEqual(new Set(await Promise.all(callers)), new Set([200]));
  assert.deepEqual(new Set(endedAt), new Set([120]));
  assert.equal(azure.counts().exchange, 1000);
});

Deno.test("latency and lifetimes can be changed while it runs", async () => {
  const { azure, advance } = bench({ latencyMs: { acr: 1000 } });
  const identity = await identityToken(azure);
  azure.latencyMs.acr = 10;
  azure.tokenLifetimeMs.refresh = 60_000;
  const asking = azure.fetch(exchangeRequest(identity));
  await advance(10);
  const { refresh_token: token } = await (await asking).json();
  assert.equal(decodeJwt(token)!.exp, (START_MS + 10 + 60_000) / 1000 | 0);
});

Deno.test("a client that has given up already is not heard", async () => {
  const { azure } = bench();
  const request = imdsRequest({}, { signal: AbortSignal.abort(new Error("gone")) });
  await assert.rejects(azure.fetch(request), { message: "gone" });
  assert.deepEqual(azure.calls(), []);
});

Deno.test("a token carries any claims there and back", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (claims) => {
    const token = encodeJwt(claims);
    assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    assert.deepEqual(decodeJwt(token), JSON.parse(JSON.stringify(claims)));
  }));
});

const NO_TOKENS = [
  "",
  "opaque",
  "a.b",
  "a.b.c",
  "e30.e30.",
  "e30.W10.e30",
  "a.e30.b.c",
  "e30.!!.x",
];

for (const value of NO_TOKENS) {
  Deno.test(`${JSON.stringify(value)} is no token`, () =>
    assert.equal(decodeJwt(value), undefined));
}

Deno.test("the golden states are read whole, and by prefix", () => {
  const names = goldenStates().map(({ name }) => name);
  assert.equal(names.length, 21);
  assert.deepEqual(
    goldenStates("v1-").map(({ name }) => name),
    names.filter((name) => name.startsWith("v1-")),
  );
  assert.deepEqual(goldenStates("v1-deleted")[0]!.final, {
    bindings: {},
    secrets: {},
    serviceAccounts: { default: [] },
  });
  assert.throws(() => goldenStates("v3-"), { name: "RangeError" });
});

Deno.test("a registry that is not known can be a name that DNS lacks, as a misspelt one is", async () => {
  const { azure } = bench({ registries: [REGISTRY], otherRegistries: "name-not-found" });
  await assert.rejects(azure.fetch("https://bnech.azurecr.io/oauth2/exchange"), {
    name: "TypeError",
    message: /dns error: failed to lookup address information: Name or service not known$/,
  });
  assert.deepEqual([azure.unexpected(), azure.serves("bnech.azurecr.io")], [[], false]);
  await assert.rejects(azure.fetch("https://bnech.example.com/oauth2/exchange"), {
    name: "UnexpectedCallError",
  });
});

Deno.test("Entra may know other applications than IMDS knows identities, each with its subjects", async () => {
  const other = "7c1d3a52-6f0e-4b1b-9a3e-0d5c2f8e4b17";
  const { azure } = bench({
    identities: [other],
    applications: [CLIENT_ID],
    subjects: (subject, clientId) => subject === SUBJECT && clientId === CLIENT_ID,
  });
  const statuses = async (...requests: Request[]) =>
    (await Promise.all(requests.map((request) => azure.handle(request)))).map(({ status }) =>
      status
    );
  assert.deepEqual(
    await statuses(
      imdsRequest(),
      imdsRequest({ client_id: other }),
      entraRequest(),
      entraRequest({ client_id: other }),
    ),
    [400, 200, 200, 400],
  );
  const { azure: elsewhere } = bench({ subjects: (_, clientId) => clientId === other });
  assert.equal((await elsewhere.handle(entraRequest())).status, 401);
});
