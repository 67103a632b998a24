import assert from "node:assert/strict";
import fc from "fast-check";
import { credentialKey, type CredentialRequest } from "../../../src/azure/credential_request.ts";
import { AzureError } from "../../../src/azure/errors.ts";
import { nextAttemptAt } from "../../../src/controller/retry_policy.ts";
import { sleep } from "../../../src/runtime/time/clock.ts";
import type { Random } from "../../../src/runtime/random.ts";
import {
  ARM,
  CLIENT_ID,
  credentialsRig,
  OTHER_CLIENT_ID,
  REGISTRY,
  rejection,
  SCOPE,
  settle,
  TENANT_ID,
} from "./support.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const NODE: CredentialRequest = {
  identity: { kind: "managedIdentity", clientId: CLIENT_ID },
  audience: ARM,
  server: REGISTRY,
  scope: SCOPE,
};

function federated(account: Partial<{ namespace: string; name: string; uid: string }> = {}) {
  return {
    ...NODE,
    identity: {
      kind: "workloadIdentity",
      authorityHost: "login.microsoftonline.com",
      tenantId: TENANT_ID,
      clientId: CLIENT_ID,
      serviceAccount: { namespace: "team-a", name: "default", uid: "u-1", ...account },
    },
  } as const satisfies CredentialRequest;
}

Deno.test("credentials: a scoped one is an access token with the life that its own exp tells", async () => {
  const { time, azure, credentials } = credentialsRig();
  const credential = await settle(time, credentials.mint(NODE));
  const now = time.clock.now();
  assert.equal(credential.password.reveal(), azure.issuedTokens()[2]);
  assert.deepEqual([credential.mintedAt, credential.expiresAt], [now, now + 75 * MINUTE]);
  assert.deepEqual(azure.counts(), { imds: 1, entra: 0, exchange: 1, token: 1 });
  azure.assertClean();
});

Deno.test("credentials: one without scope is the refresh token itself", async () => {
  const { time, azure, credentials } = credentialsRig();
  const credential = await settle(time, credentials.mint({ ...NODE, scope: "" }));
  const now = time.clock.now();
  assert.equal(credential.password.reveal(), azure.issuedTokens()[1]);
  assert.deepEqual([credential.mintedAt, credential.expiresAt], [now, now + 3 * HOUR]);
  assert.deepEqual(azure.counts(), { imds: 1, entra: 0, exchange: 1, token: 0 });
  azure.assertClean();
});

Deno.test("credentials: a refresh is not given what it has, and shares what is newer", async () => {
  const { time, azure, credentials } = credentialsRig();
  const held = await settle(time, credentials.mint(NODE));
  await time.pass(2000);
  const [first, second] = await settle(
    time,
    Promise.all([
      credentials.mint(NODE, { newerThan: held.mintedAt }),
      credentials.mint(NODE, { newerThan: held.mintedAt }),
    ]),
  );
  assert.ok(first.mintedAt > held.mintedAt);
  assert.equal(second.password.reveal(), first.password.reveal());
  const shared = await settle(time, credentials.mint(NODE, { newerThan: held.mintedAt }));
  assert.equal(shared.password.reveal(), first.password.reveal());
  assert.deepEqual(azure.counts(), { imds: 1, entra: 0, exchange: 2, token: 2 });
  azure.assertClean();
});

Deno.test("credentials: a federated one begins with the account's own token", async () => {
  const { time, azure, credentials, assertions } = credentialsRig();
  await settle(time, credentials.mint(federated()));
  assert.deepEqual(assertions, ["team-a/default/u-1"]);
  assert.deepEqual(azure.counts(), { imds: 0, entra: 1, exchange: 1, token: 1 });
  azure.assertClean();
});

Deno.test("credentials: a thousand askers of one credential cost one call of each kind", async () => {
  const { time, azure, credentials } = credentialsRig({
    azure: { latencyMs: { imds: 30, acr: 120 } },
  });
  const all = Promise.all(Array.from({ length: 1000 }, () => credentials.mint(NODE)));
  const minted = await settle(time, all, 1000);
  assert.equal(new Set(minted.map(({ password }) => password)).size, 1);
  assert.deepEqual(azure.counts(), { imds: 1, entra: 0, exchange: 1, token: 1 });
});

Deno.test("credentials: who asks within five minutes gets the same, with the moment of its minting", async () => {
  const { time, azure, credentials } = credentialsRig({
    azure: { tokenLifetimeMs: { access: 3 * HOUR } },
  });
  const first = await settle(time, credentials.mint(NODE));
  await time.pass(5 * MINUTE - 1);
  const second = await settle(time, credentials.mint(NODE));
  assert.equal(second, first);
  await time.pass(1);
  const third = await settle(time, credentials.mint(NODE));
  assert.notEqual(third.password.reveal(), first.password.reveal());
  assert.equal(third.mintedAt - first.mintedAt, 5 * MINUTE);
  assert.equal(azure.counts().token, 2);
});

Deno.test("credentials: a short-lived one is shared for a twentieth of its life alone", async () => {
  const lives = { refresh: MINUTE, access: MINUTE };
  const { time, azure, credentials } = credentialsRig({ azure: { tokenLifetimeMs: lives } });
  await settle(time, credentials.mint(NODE));
  await time.pass(2_999);
  await settle(time, credentials.mint(NODE));
  assert.equal(azure.counts().token, 1);
  await time.pass(1);
  await settle(time, credentials.mint(NODE));
  assert.equal(azure.counts().token, 2);
});

const SHARING: readonly [what: string, CredentialRequest, CredentialRequest, object][] = [
  [
    "the case of host and IDs makes no other credential",
    NODE,
    { ...NODE, server: "Bench.AzureCR.io.", identity: upper(NODE.identity) },
    { imds: 1, entra: 0, exchange: 1, token: 1 },
  ],
  [
    "a resource ID beside the client ID makes no other credential",
    NODE,
    { ...NODE, identity: { kind: "managedIdentity", clientId: CLIENT_ID, resourceId: "/x" } },
    { imds: 1, entra: 0, exchange: 1, token: 1 },
  ],
  [
    "another scope takes the same refresh token",
    NODE,
    { ...NODE, scope: "repository:other:pull" },
    { imds: 1, entra: 0, exchange: 1, token: 2 },
  ],
  [
    "another registry takes the same node token",
    NODE,
    { ...NODE, server: "other.azurecr.io" },
    { imds: 1, entra: 0, exchange: 2, token: 2 },
  ],
  [
    "another audience is another credential",
    { ...NODE, audienceIsSet: true },
    { ...NODE, audienceIsSet: true, audience: "https://management.core.windows.net/" },
    { imds: 2, entra: 0, exchange: 2, token: 2 },
  ],
  [
    "another cloud's credential takes the same node token, for the registries' own audience",
    NODE,
    { ...NODE, audience: "https://management.core.windows.net/" },
    { imds: 1, entra: 0, exchange: 2, token: 2 },
  ],
  [
    "another identity is another credential",
    NODE,
    { ...NODE, identity: { kind: "managedIdentity", clientId: OTHER_CLIENT_ID } },
    { imds: 2, entra: 0, exchange: 2, token: 2 },
  ],
  [
    "a name that only Unicode folds into another's is another identity",
    named("key-access"),
    named("\u212aey-acce\u017fs"),
    { imds: 2, entra: 0, exchange: 2, token: 2 },
  ],
  // Of the two, lower case alone takes the Kelvin sign for a letter of another name.
  [
    "a name that only lower case makes another's is another identity",
    named("key-access"),
    named("\u212aey-access"),
    { imds: 2, entra: 0, exchange: 2, token: 2 },
  ],
  [
    "two accounts with one client never share",
    federated(),
    federated({ name: "builder" }),
    { imds: 0, entra: 2, exchange: 2, token: 2 },
  ],
  [
    "accounts of one name in two namespaces never share",
    federated(),
    federated({ namespace: "team-b" }),
    { imds: 0, entra: 2, exchange: 2, token: 2 },
  ],
  [
    "an account made anew does not ride on its predecessor",
    federated(),
    federated({ uid: "u-2" }),
    { imds: 0, entra: 2, exchange: 2, token: 2 },
  ],
  [
    "a node's identity and a federated one of the same client never share",
    NODE,
    federated(),
    { imds: 1, entra: 1, exchange: 2, token: 2 },
  ],
];

function named(name: string): CredentialRequest {
  return { ...NODE, identity: { kind: "managedIdentity", resourceId: resourceId(name) } };
}

function resourceId(name: string): string {
  return "/subscriptions/712288dc-f816-4242-b73f-a0a87265dcc8/resourceGroups/rg/providers" +
    `/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

function upper(identity: CredentialRequest["identity"]): CredentialRequest["identity"] {
  return { ...identity, clientId: identity.clientId!.toUpperCase() } as typeof identity;
}

for (const [what, one, other, calls] of SHARING) {
  Deno.test(`credentials: ${what}`, async () => {
    const { time, azure, credentials } = credentialsRig();
    await settle(time, Promise.all([credentials.mint(one), credentials.mint(other)]), 1000);
    assert.deepEqual(azure.counts(), calls);
    await settle(time, Promise.all([credentials.mint(one), credentials.mint(other)]), 1000);
    assert.deepEqual(azure.counts(), calls);
    azure.assertClean();
  });
}

Deno.test("credentials: a node's token is used again until five minutes before it expires", async () => {
  const { time, azure, credentials } = credentialsRig();
  const counts: number[] = [];
  for (const at of [0, 30, 54, 55, 56]) {
    await time.passUntil(at * MINUTE);
    await settle(
      time,
      credentials.mint({ ...NODE, scope: `repository:r${at}:pull`, server: `r${at}.azurecr.io` }),
    );
    counts.push(azure.counts().imds);
  }
  assert.deepEqual(counts, [1, 1, 1, 2, 2]);
});

Deno.test("credentials: a federated token is used again for ten seconds at most", async () => {
  const { time, azure, credentials } = credentialsRig();
  const counts: number[] = [];
  for (const at of [0, 9, 10, 12]) {
    await time.passUntil(at * 1000);
    await settle(time, credentials.mint({ ...federated(), server: `r${at}0000.azurecr.io` }));
    counts.push(azure.counts().entra);
  }
  assert.deepEqual(counts, [1, 1, 2, 2]);
});

Deno.test("credentials: those of thousands of accounts do not gather in memory", async () => {
  const { time, azure, credentials } = credentialsRig();
  for (let n = 0; n < 50; n++) {
    const account = federated({ name: `account-${n}`, uid: `u-${n}` });
    await settle(time, credentials.mint({ ...account, scope: "" }));
    await time.pass(2000);
  }
  assert.equal(azure.counts().entra, 50);
  // Ten seconds' worth of Entra tokens, refresh tokens and credentials, till the next sweep.
  assert.ok(credentials.held <= 33, `${credentials.held} are held`);
  await time.pass(30_000);
  assert.equal(credentials.held, 0);
});

Deno.test("credentials: a failure goes to all who wait for it, and who comes soon after", async () => {
  const { time, azure, credentials } = credentialsRig();
  azure.fail("acr-500", { endpoint: "exchange" });
  const asked = [credentials.mint(NODE), credentials.mint(NODE)].map((p) => rejection(p));
  const errors = await settle(time, Promise.all(asked));
  await time.pass(4999);
  errors.push(await settle(time, rejection(credentials.mint(NODE))));
  assert.deepEqual(errors.map(({ failure }) => failure.reason), [
    "ServiceTrouble",
    "ServiceTrouble",
    "ServiceTrouble",
  ]);
  await time.pass(1);
  await settle(time, credentials.mint(NODE));
  assert.deepEqual(azure.counts(), { imds: 1, entra: 0, exchange: 2, token: 1 });
  azure.assertClean();
});

for (
  const [what, need] of [
    ["who was told of the failure before", (failedAt: number) => ({ failedAt })],
    ["who has its last try", () => ({ lastTry: true })],
  ] as const
) {
  Deno.test(`credentials: ${what} makes an attempt of its own`, async () => {
    const { time, azure, credentials } = credentialsRig();
    azure.fail("acr-500", { endpoint: "exchange" });
    await settle(time, rejection(credentials.mint(NODE)));
    await settle(time, credentials.mint(NODE, need(time.clock.now())));
    assert.deepEqual(azure.counts(), { imds: 1, entra: 0, exchange: 2, token: 1 });
  });
}

/** Numbers that look random and are the same in each run (the minimal standard generator). */
function seeded(): Random {
  let state = 1;
  return () => (state = state * 16807 % 2147483647) / 2147483647;
}

Deno.test("credentials: a thousand bindings that are refused for good cost some tens of calls in five minutes", async () => {
  const { time, azure, credentials } = credentialsRig();
  azure.fail("acr-401", { times: Infinity });
  const draws = seeded();
  const stop = new AbortController();
  const bindings = Array.from({ length: 1000 }, async () => {
    let failedAt: number | undefined;
    for (let failures = 1; !stop.signal.aborted; failures++) {
      const startedAt = time.clock.now();
      const need = failedAt === undefined ? {} : { failedAt };
      const { failure } = await rejection(credentials.mint(NODE, need));
      failedAt = time.clock.now();
      const next = nextAttemptAt(failure, { now: failedAt, startedAt, failures }, draws);
      await sleep(time.clock, next - failedAt, stop.signal).catch(() => {});
    }
  });
  await time.pass(300_000);
  const early = azure.counts();
  await time.pass(300_000);
  const late = azure.counts();
  stop.abort();
  await Promise.all(bindings);
  // Each on its own would make over a thousand calls of either kind.
  assert.ok(early.imds <= 60 && early.exchange <= 200, JSON.stringify(early));
  assert.ok(late.imds - early.imds <= 60, JSON.stringify(late));
  assert.ok(late.exchange - early.exchange <= 100, JSON.stringify(late));
});

Deno.test("credentials: a failure at the scope leaves the refresh token in use", async () => {
  const { time, azure, credentials } = credentialsRig();
  azure.fail("acr-abac-wildcard");
  await settle(time, rejection(credentials.mint(NODE)));
  await settle(time, credentials.mint(NODE, { failedAt: time.clock.now() }));
  assert.deepEqual(azure.counts(), { imds: 1, entra: 0, exchange: 1, token: 2 });
});

Deno.test("credentials: a failure to have the account's token is passed on as it is", async () => {
  const boom = new Error("no token for you");
  const { time, credentials } = credentialsRig({ serviceAccountToken: () => Promise.reject(boom) });
  assert.equal(await settle(time, rejection<Error>(credentials.mint(federated()))), boom);
});

Deno.test("credentials: IMDS's refusal for haste holds every further call to it back", async () => {
  const { time, azure, credentials } = credentialsRig();
  azure.fail("imds-busy");
  await settle(time, rejection(credentials.mint(NODE)));
  const next = credentials.mint(NODE, { failedAt: time.clock.now() });
  await time.pass(999);
  assert.equal(azure.counts().imds, 1);
  await settle(time, next, 1);
  assert.equal(azure.counts().imds, 2);
});

const OTHER: CredentialRequest = {
  ...NODE,
  identity: { kind: "managedIdentity", clientId: OTHER_CLIENT_ID },
};

for (
  const [service, endpoint, first, other] of [
    ["IMDS", "imds", NODE, OTHER],
    ["a registry", "exchange", NODE, OTHER],
    ["Entra", "entra", federated(), federated({ name: "builder" })],
  ] as const
) {
  Deno.test(`credentials: while ${service} asks to be left alone, others are told so without a call`, async () => {
    const { time, azure, credentials } = credentialsRig();
    azure.fail("entra-429", { endpoint });
    const told = [await settle(time, rejection(credentials.mint(first)))];
    await time.pass(40_000);
    told.push(await settle(time, rejection(credentials.mint(other))));
    assert.deepEqual(told.map(({ failure }) => failure.retryAfterMs), [60_000, 20_000]);
    assert.equal(told[1]!.message, told[0]!.message);
    assert.equal(azure.counts()[endpoint], 1);
    await settle(time, credentials.mint(other, { lastTry: true }), 1000);
    assert.equal(azure.counts()[endpoint], 2, "the last try is made all the same");
    await time.pass(20_000);
    await settle(time, credentials.mint(first), 1000);
  });
}

Deno.test("credentials: IMDS in trouble that asks to be left alone is left alone", async () => {
  const { time, azure, credentials } = credentialsRig({ fetch: busyOnce("imds") });
  const told = [await settle(time, rejection(credentials.mint(NODE)))];
  told.push(await settle(time, rejection(credentials.mint(OTHER))));
  assert.deepEqual(told.map(({ failure }) => failure.retryAfterMs), [60_000, 60_000]);
  assert.equal(azure.counts().imds, 0, "the one call was answered in its place");
});

/** Answers 503 with Retry-After to whatever is asked. */
function busyOnce(body: string): typeof fetch {
  let calls = 0;
  return () => {
    assert.equal(++calls, 1, "a second call was made");
    return Promise.resolve(new Response(body, { status: 503, headers: { "Retry-After": "60" } }));
  };
}

Deno.test("credentials: the more often IMDS refuses for haste, the longer calls are held back", async () => {
  const { time, azure, credentials } = credentialsRig();
  azure.fail("imds-busy", { times: 5 });
  const starts: number[] = [];
  for (let n = 0; n < 6; n++) {
    const before = azure.counts().imds;
    const outcome = credentials.mint(NODE, { failedAt: time.clock.now() }).catch(() => {});
    while (azure.counts().imds === before) await time.pass(100);
    starts.push(time.elapsed());
    await settle(time, outcome);
  }
  const gaps = starts.slice(1).map((at, n) => Math.round((at - starts[n]!) / 1000));
  assert.deepEqual(gaps, [1, 2, 4, 5, 5]);
});

function nodes(count: number): CredentialRequest[] {
  return Array.from({ length: count }, (_, n) => ({
    ...NODE,
    identity: {
      kind: "managedIdentity",
      clientId: CLIENT_ID.slice(0, -4) + String(n).padStart(4, "0"),
    },
  }));
}

Deno.test("credentials: of an IMDS that is silent, a thousand identities hear within one time-out", async () => {
  const { time, azure, credentials } = credentialsRig();
  azure.fail("hang", { endpoint: "imds", times: Infinity });
  const told = nodes(1000).map((request, n) =>
    rejection(credentials.mint(request, { namespace: `n${n % 10}` }))
  );
  const reasons = await settle(time, Promise.all(told), 16_000);
  assert.deepEqual([...new Set(reasons.map(({ failure }) => failure.reason))], ["TimedOut"]);
  assert.equal(azure.counts().imds, 3, "one of a namespace, and two places are for the urgent");
});

Deno.test("credentials: a last try waits behind no others at IMDS, neither hanging nor in line", async () => {
  const { time, azure, credentials } = credentialsRig();
  azure.fail("hang", { endpoint: "imds", times: 3 });
  const others = nodes(3000).map((request, n) =>
    credentials.mint(request, { namespace: `n${n % 3}` }).catch(() => {})
  );
  await time.pass(1000);
  azure.assertFailuresMet();
  const last = credentials.mint(OTHER, { namespace: "n0", lastTry: true });
  const credential = await settle(time, last, 1000);
  assert.ok(credential.expiresAt > time.clock.now());
  await time.pass(320_000);
  await Promise.all(others);
});

Deno.test("credentials: a last try waits behind no calls that hang at its registry", async () => {
  const { time, azure, credentials } = credentialsRig();
  azure.fail("hang", { endpoint: "exchange" });
  const hanging = rejection(credentials.mint(NODE));
  await time.pass(1000);
  const last = await settle(time, credentials.mint(NODE, { lastTry: true }), 1000);
  assert.ok(last.expiresAt > time.clock.now());
  await time.pass(60_000);
  assert.equal((await hanging).failure.reason, "TimedOut");
  assert.equal(await settle(time, credentials.mint(NODE)), last, "the failure took nothing away");
});

Deno.test("credentials: what the API server asks of one account it asks of no other", async () => {
  const refusal = new AzureError({
    endpoint: "tokenrequest",
    host: "the API server",
    class: "throttled",
    reason: "TokenRequestRefused",
    problem: "A token of service account team-a could not be had",
    remedy: "Wait.",
    retryAfterMs: 120_000,
  });
  const asked: string[] = [];
  const { time, credentials } = credentialsRig({
    serviceAccountToken: ({ namespace }) => {
      asked.push(namespace);
      return Promise.reject(refusal);
    },
  });
  for (const namespace of ["team-a", "team-b"]) {
    const told = rejection(credentials.mint(federated({ namespace })));
    assert.equal(await settle(time, told), refusal);
  }
  assert.deepEqual(asked, ["team-a", "team-b"]);
});

Deno.test("credentials: what Entra asks of one client it asks of no other", async () => {
  const { time, azure, credentials } = credentialsRig();
  azure.fail("entra-429");
  await settle(time, rejection(credentials.mint(federated())));
  const other = federated({ name: "builder" });
  const identity = { ...other.identity, clientId: OTHER_CLIENT_ID };
  await settle(time, credentials.mint({ ...other, identity }));
  assert.equal(azure.counts().entra, 2);
});

Deno.test("credentials: fifty identities pass IMDS's limits without one refusal", async () => {
  const { time, azure, credentials } = credentialsRig({ azure: { latencyMs: { imds: 30 } } });
  const ids = Array.from(
    { length: 50 },
    (_, n) => CLIENT_ID.slice(0, -2) + String(n).padStart(2, "0"),
  );
  const all = Promise.all(
    ids.map((clientId) =>
      credentials.mint({ ...NODE, identity: { kind: "managedIdentity", clientId } })
    ),
  );
  await settle(time, all, 5_000);
  assert.deepEqual(azure.throttles(), { rate: 0, concurrency: 0 });
  assert.equal(azure.counts().imds, 50);
});

Deno.test("credentials: the operator's end ends every call under way with its reason", async () => {
  const { time, azure, credentials, stop } = credentialsRig();
  azure.fail("hang", { endpoint: "exchange" });
  const reason = new Error("the operator ends");
  const outcomes = [credentials.mint(NODE), credentials.mint(federated())].map((p) =>
    rejection<Error>(p)
  );
  azure.fail("hang", { endpoint: "entra" });
  await time.pass(1);
  stop(reason);
  assert.deepEqual(await settle(time, Promise.all(outcomes)), [reason, reason]);
  assert.equal(time.pending, 0);
});

Deno.test("property: two requests have one key exactly if they ask for the same credential", () => {
  const word = fc.constantFrom("a", "b", 'a","b', "", "client");
  const identity = fc.oneof(
    fc.record({ kind: fc.constant("managedIdentity" as const), clientId: word }),
    fc.record({ kind: fc.constant("managedIdentity" as const), resourceId: word }),
    fc.record({
      kind: fc.constant("workloadIdentity" as const),
      authorityHost: word,
      tenantId: word,
      clientId: word,
      serviceAccount: fc.record({ namespace: word, name: word, uid: word }),
    }),
  );
  const request = fc.record(
    {
      identity,
      audience: word,
      audienceIsSet: fc.constant(true as const),
      server: word,
      scope: word,
    },
    { requiredKeys: ["identity", "audience", "server", "scope"] },
  );
  fc.assert(
    fc.property(request, request, (one, other) => {
      const same = JSON.stringify(flat(one)) === JSON.stringify(flat(other));
      assert.equal(credentialKey(one) === credentialKey(other), same);
    }),
    { numRuns: 1000 },
  );
});

function flat(request: CredentialRequest): unknown {
  const { identity, audience, audienceIsSet = false, server, scope } = request;
  const rest = [audience, audienceIsSet, server, scope];
  if (identity.kind === "managedIdentity") {
    const { clientId = null, resourceId = null } = identity;
    return [0, clientId, resourceId, ...rest];
  }
  const { authorityHost, tenantId, clientId, serviceAccount: { namespace, name, uid } } = identity;
  return [1, authorityHost, tenantId, clientId, namespace, name, uid, ...rest];
}
