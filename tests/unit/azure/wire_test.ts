import assert from "node:assert/strict";
import { exchange, scopedToken } from "../../../src/azure/acr.ts";
import { ACR_AUDIENCE, CLOUDS } from "../../../src/azure/clouds.ts";
import { tokenFromEntra } from "../../../src/azure/entra.ts";
import { type ManagedIdentity, tokenFromImds } from "../../../src/azure/imds.ts";
import { Redacted } from "../../../src/runtime/masking/redacted.ts";
import { FakeAzure } from "../../sandbox/azure/azure.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";
import { ARM, assertionOf, CLIENT_ID, REGISTRY, SCOPE, TENANT_ID } from "./support.ts";

const { signal } = new AbortController();
const RESOURCE_ID = "/subscriptions/712288dc-f816-4242-b73f-a0a87265dcc8/resourceGroups/rg" +
  "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller";

type Fields = Readonly<Record<string, string>>;

/** A fake Azure that keeps what was sent to it: the query or the form, and the headers. */
function rig() {
  const time = new FakeTime();
  const azure = new FakeAzure({ clock: time.clock });
  const sent: { method: string; url: string; fields: unknown; headers: Headers }[] = [];
  const recording: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const fields = request.method === "POST"
      ? new URLSearchParams(await request.clone().text())
      : url.searchParams;
    const { method, headers } = request;
    sent.push({
      method,
      url: url.origin + url.pathname,
      fields: Object.fromEntries(fields),
      headers,
    });
    return await azure.fetch(request);
  };
  return { time, azure, sent, transport: { fetch: recording, clock: time.clock } };
}

const IDENTITIES: readonly [what: string, ManagedIdentity, Record<string, string>][] = [
  ["a client ID", { clientId: CLIENT_ID }, { client_id: CLIENT_ID }],
  ["a resource ID as msi_res_id", { resourceId: RESOURCE_ID }, { msi_res_id: RESOURCE_ID }],
  [
    "the client ID alone where both are given",
    { clientId: CLIENT_ID, resourceId: RESOURCE_ID },
    { client_id: CLIENT_ID },
  ],
];

for (const [what, identity, expected] of IDENTITIES) {
  Deno.test(`wire: IMDS is asked for ${what}`, async () => {
    const { azure, sent, transport, time } = rig();
    const token = await tokenFromImds(transport, "http://169.254.169.254", identity, ARM, signal);
    const [{ headers, ...request }] = sent as [typeof sent[number]];
    assert.deepEqual(request, {
      method: "GET",
      url: "http://169.254.169.254/metadata/identity/oauth2/token",
      fields: { "api-version": "2018-02-01", resource: ARM, ...expected },
    });
    assert.deepEqual([headers.get("metadata"), headers.get("x-forwarded-for")], ["true", null]);
    assert.equal(token.token.reveal(), azure.issuedTokens()[0]);
    assert.equal(token.expiresAt, time.clock.now() + 3_600_000);
    azure.assertClean();
  });
}

const EXPIRIES: readonly [what: string, members: Record<string, unknown>, afterMs: number][] = [
  ["expires_on as a string", { expires_on: "1780318800" }, 3_600_000],
  ["expires_on as a number", { expires_on: 1780318800 }, 3_600_000],
  ["expires_in where expires_on is missing", { expires_in: "60" }, 60_000],
  ["expires_in where expires_on is empty", { expires_on: "", expires_in: 60 }, 60_000],
  ["nothing: the token is not kept", {}, 0],
  ["nonsense: the token is not kept", { expires_on: "soon", expires_in: "-1" }, 0],
];

for (const [what, members, afterMs] of EXPIRIES) {
  Deno.test(`wire: IMDS tells the expiry by ${what}`, async () => {
    const time = new FakeTime();
    const transport = {
      clock: time.clock,
      fetch: () => Promise.resolve(Response.json({ access_token: "t", ...members })),
    };
    const { expiresAt } = await tokenFromImds(transport, "http://imds", {}, ARM, signal);
    assert.equal(expiresAt - time.clock.now(), afterMs);
  });
}

for (const [name, cloud] of Object.entries(CLOUDS)) {
  Deno.test(`wire: Entra of ${name} is shown the assertion, for the audience's default scope`, async () => {
    const { azure, sent, transport, time } = rig();
    const assertion = assertionOf(time, "system:serviceaccount:team-a:default");
    const client = { ...cloud, tenantId: TENANT_ID, clientId: CLIENT_ID };
    const audience = cloud.resourceManagerAudience;
    const token = await tokenFromEntra(transport, client, assertion, audience, signal);
    const [{ headers, ...request }] = sent as [typeof sent[number]];
    assert.deepEqual(request, {
      method: "POST",
      url: `https://${cloud.authorityHost}/${TENANT_ID}/oauth2/v2.0/token`,
      fields: {
        grant_type: "client_credentials",
        client_id: CLIENT_ID,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertion.reveal(),
        scope: `${audience}/.default`,
      },
    });
    assert.match(headers.get("content-type")!, /^application\/x-www-form-urlencoded/);
    assert.equal(token.expiresAt, time.clock.now() + 3_600_000);
    azure.assertClean();
  });
}

Deno.test("wire: a slash at the audience's end stands before .default, too", async () => {
  const { azure, sent, transport, time } = rig();
  const assertion = assertionOf(time, "system:serviceaccount:team-a:default");
  const client = {
    authorityHost: "login.microsoftonline.com",
    tenantId: TENANT_ID,
    clientId: CLIENT_ID,
  };
  await tokenFromEntra(transport, client, assertion, ARM, signal);
  assert.equal(
    (sent[0]!.fields as { scope: string }).scope,
    "https://management.azure.com//.default",
  );
  azure.assertClean();
});

Deno.test("wire: a tenant cannot lead out of its place in the path", async () => {
  const urls: string[] = [];
  const transport = {
    clock: new FakeTime().clock,
    fetch: (input: string | URL | Request) => {
      urls.push(String(input));
      return Promise.resolve(Response.json({ access_token: "t", expires_in: 60 }));
    },
  };
  const client = { authorityHost: "login.example", tenantId: "../x?y#z", clientId: CLIENT_ID };
  await tokenFromEntra(transport, client, new Redacted("a"), ARM, signal);
  assert.deepEqual(urls, ["https://login.example/..%2Fx%3Fy%23z/oauth2/v2.0/token"]);
});

Deno.test("wire: the registry exchanges an Entra token, then confines its own to the scope", async () => {
  const { azure, sent, transport, time } = rig();
  const identity = { clientId: CLIENT_ID };
  const entra = await tokenFromImds(transport, "http://169.254.169.254", identity, ARM, signal);
  const refresh = await exchange(transport, REGISTRY, entra.token, signal);
  const access = await scopedToken(transport, REGISTRY, SCOPE, refresh.token, signal);
  assert.deepEqual(sent.slice(1).map(({ headers: _, ...request }) => request), [
    {
      method: "POST",
      url: `https://${REGISTRY}/oauth2/exchange`,
      fields: {
        grant_type: "access_token",
        service: REGISTRY,
        access_token: entra.token.reveal(),
      },
    },
    {
      method: "POST",
      url: `https://${REGISTRY}/oauth2/token`,
      fields: {
        grant_type: "refresh_token",
        service: REGISTRY,
        scope: SCOPE,
        refresh_token: refresh.token.reveal(),
      },
    },
  ]);
  const issued = azure.issuedTokens();
  assert.deepEqual([entra, refresh, access].map(({ token }) => token.reveal()), issued);
  const now = time.clock.now();
  assert.deepEqual([refresh.expiresAt - now, access.expiresAt - now], [3 * 3_600_000, 75 * 60_000]);
  azure.assertClean();
});

Deno.test("wire: at a regional endpoint the service is the home registry", async () => {
  const { azure, sent, transport } = rig();
  const identity = { clientId: CLIENT_ID };
  const imds = "http://169.254.169.254";
  const entra = await tokenFromImds(transport, imds, identity, ACR_AUDIENCE, signal);
  const server = "Bench.WestEurope.geo.AzureCR.io";
  const refresh = await exchange(transport, server, entra.token, signal);
  await scopedToken(transport, server, SCOPE, refresh.token, signal);
  const shown = sent.slice(1).map(({ url, fields }) => [url, (fields as Fields).service]);
  assert.deepEqual(shown, [
    ["https://bench.westeurope.geo.azurecr.io/oauth2/exchange", REGISTRY],
    ["https://bench.westeurope.geo.azurecr.io/oauth2/token", REGISTRY],
  ]);
  azure.assertClean();
});

for (
  const [what, server, audience, heard] of [
    ["its own name", REGISTRY, REGISTRY, []],
    ["its own name in upper case", REGISTRY, REGISTRY.toUpperCase(), []],
    ["its regional name", "bench.westeurope.geo.azurecr.io", "bench.westeurope.geo.azurecr.io", []],
    ["its home's name", "bench.westeurope.geo.azurecr.io", REGISTRY, []],
    ["another registry", REGISTRY, "stranger.azurecr.io", [`${REGISTRY}: stranger.azurecr.io`]],
  ] as const
) {
  Deno.test(`wire: a registry's token that names ${what} serves`, async () => {
    const { azure, transport } = rig();
    azure.setRegistry(server, { audience });
    const told: string[] = [];
    const hearing = {
      ...transport,
      onOtherAudience: (host: string, named: string) => void told.push(`${host}: ${named}`),
    };
    const identity = { clientId: CLIENT_ID };
    const imds = "http://169.254.169.254";
    const entra = await tokenFromImds(transport, imds, identity, ACR_AUDIENCE, signal);
    const { token } = await exchange(hearing, server, entra.token, signal);
    assert.equal(token.reveal(), azure.issuedTokens()[1]);
    assert.deepEqual(told, heard);
  });
}

Deno.test("wire: a registry is called by its name in lower case, without the root's dot", async () => {
  const { azure, sent, transport } = rig();
  const identity = { clientId: CLIENT_ID };
  const entra = await tokenFromImds(
    transport,
    "http://169.254.169.254",
    identity,
    ACR_AUDIENCE,
    signal,
  );
  await exchange(transport, "Bench.AzureCR.io.", entra.token, signal);
  assert.equal(sent[1]!.url, `https://${REGISTRY}/oauth2/exchange`);
  assert.equal((sent[1]!.fields as { service: string }).service, REGISTRY);
  azure.assertClean();
});
