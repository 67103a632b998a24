import assert from "node:assert/strict";
import type { Connections } from "../../../src/azure/connections.ts";
import type { CredentialRequest } from "../../../src/azure/credential_request.ts";
import type { Credentials, Need } from "../../../src/azure/credentials.ts";
import { AzureError } from "../../../src/azure/errors.ts";
import { nextAttemptAt } from "../../../src/controller/retry_policy.ts";
import { sleep } from "../../../src/runtime/time/clock.ts";
import type { Random } from "../../../src/runtime/random.ts";
import {
  ARM,
  assertionOf,
  CLIENT_ID,
  type CredentialsRig,
  credentialsRig,
  REGISTRY,
  rejection,
  SCOPE,
  settle,
  TENANT_ID,
} from "./support.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** How long Azure takes for a call, as in the recorded cost of the reference. */
const LATENCIES = { imds: 30, entra: 120, acr: 120 };

/** In which another namespace's new binding must be ready, whatever the others do. */
const PROMISE_MS = 5 * SECOND;

function clientId(n: number): string {
  return CLIENT_ID.slice(0, -8) + n.toString(16).padStart(8, "0");
}

function node(n: number, server = REGISTRY): CredentialRequest {
  return {
    identity: { kind: "managedIdentity", clientId: clientId(n) },
    audience: ARM,
    server,
    scope: SCOPE,
  };
}

function federated(namespace: string, name: string): CredentialRequest {
  return {
    ...node(0),
    identity: {
      kind: "workloadIdentity",
      authorityHost: "login.microsoftonline.com",
      tenantId: TENANT_ID,
      clientId: CLIENT_ID,
      serviceAccount: { namespace, name, uid: `uid-${name}` },
    },
  };
}

/** Numbers that look random and are the same in each run (the minimal standard generator). */
function seeded(): Random {
  let state = 1;
  return () => (state = state * 16807 % 2147483647) / 2147483647;
}

/** Bindings that ask until they are served, and again after each failure, as the operator does. */
class Crowd {
  readonly #rig: CredentialsRig;
  readonly #draws = seeded();
  readonly #stop = new AbortController();
  readonly #all: Promise<void>[] = [];
  served = 0;

  constructor(rig: CredentialsRig) {
    this.#rig = rig;
  }

  add(request: CredentialRequest, need: () => Need): void {
    this.#all.push(this.#ask(request, need));
  }

  async end(): Promise<void> {
    this.#stop.abort();
    this.#rig.stop(new Error("the end"));
    await Promise.all(this.#all);
  }

  async #ask(request: CredentialRequest, need: () => Need): Promise<void> {
    const { time: { clock }, credentials } = this.#rig;
    let failedAt: number | undefined;
    for (let failures = 1; !this.#stop.signal.aborted; failures++) {
      const startedAt = clock.now();
      try {
        await credentials.mint(request, {
          ...need(),
          ...(failedAt === undefined ? {} : { failedAt }),
        });
        this.served++;
        return;
      } catch (error) {
        if (!(error instanceof AzureError)) return;
        failedAt = clock.now();
        const history = { now: failedAt, startedAt, failures };
        const next = nextAttemptAt(error.failure, history, this.#draws);
        await sleep(clock, next - failedAt, this.#stop.signal).catch(() => {});
      }
    }
  }
}

/** After how long that credential is there, in milliseconds; it is given up after `limitMs`. */
async function readyAfter(
  { time, credentials }: CredentialsRig,
  request: CredentialRequest,
  need: Need,
  limitMs = PROMISE_MS,
): Promise<number> {
  return await msOf(time, () => credentials.mint(request, need), limitMs);
}

async function msOf(
  time: CredentialsRig["time"],
  begin: () => ReturnType<Credentials["mint"]>,
  limitMs: number,
): Promise<number> {
  const startedAt = time.elapsed();
  let endedAt: number | undefined;
  const outcome = begin().then(() => void (endedAt = time.elapsed()));
  outcome.catch(() => {});
  for (let ms = 0; ms < limitMs && endedAt === undefined; ms += 10) await time.pass(10);
  if (endedAt === undefined) return Infinity;
  await outcome;
  return endedAt - startedAt;
}

function assertSoon(ms: number, limitMs = PROMISE_MS): void {
  assert.ok(ms <= limitMs, `ready after ${ms / 1000} s`);
}

/** The most calls to IMDS that arrived within one second. */
function mostInASecond({ azure }: CredentialsRig): number {
  return mostOf(azure.calls().filter(({ kind }) => kind === "imds").map(({ at }) => at));
}

/** The most moments within one second, of those in their order. */
function mostOf(times: readonly number[]): number {
  let first = 0;
  let most = 0;
  for (const [index, at] of times.entries()) {
    while (times[first]! <= at - SECOND) first++;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

/** IMDS knows the identities of the quiet namespaces alone. */
const KNOWN = [9_000_000, 9_000_001, 9_000_002].map(clientId);
const QUIET = node(9_000_000);

function imdsRig(): CredentialsRig {
  return credentialsRig({ azure: { latencyMs: LATENCIES, identities: KNOWN } });
}

Deno.test("fairness: 2,000 invented client IDs of a namespace delay no other's new binding at IMDS", async () => {
  const rig = imdsRig();
  const noisy = new Crowd(rig);
  for (let n = 0; n < 2000; n++) noisy.add(node(n), () => ({ namespace: "noisy" }));
  for (const at of [0, 20 * SECOND, 5 * MINUTE]) {
    await rig.time.passUntil(Math.max(at, rig.time.elapsed()));
    const need = { namespace: "quiet", newerThan: rig.time.clock.now() - 1 };
    assertSoon(await readyAfter(rig, QUIET, need));
  }
  assert.ok(mostInASecond(rig) <= 10, `${mostInASecond(rig)} in a second`);
  assert.deepEqual(rig.azure.throttles(), { rate: 0, concurrency: 0 });
  await noisy.end();
});

for (const namespaces of [1, 8]) {
  const whose = namespaces === 1 ? "one namespace" : `${namespaces} namespaces`;
  Deno.test(`fairness: 2,000 bindings of ${whose} that claim to expire soon delay nobody at IMDS`, async () => {
    const rig = imdsRig();
    const { time: { clock } } = rig;
    const noisy = new Crowd(rig);
    for (let n = 0; n < 2000; n++) {
      noisy.add(node(n), () => ({
        namespace: `noisy-${n % namespaces}`,
        expiresAt: clock.now() + SECOND,
        lastTry: true,
      }));
    }
    await rig.time.pass(10 * SECOND);
    assertSoon(await readyAfter(rig, QUIET, { namespace: "quiet" }));
    const refresh = { namespace: "other", expiresAt: clock.now() + 5 * MINUTE };
    assertSoon(await readyAfter(rig, node(9_000_001), refresh));
    const last = { namespace: "last", expiresAt: clock.now() + 20 * SECOND, lastTry: true };
    assertSoon(await readyAfter(rig, node(9_000_002), last));
    assert.ok(mostInASecond(rig) <= 10, `${mostInASecond(rig)} in a second`);
    assert.deepEqual(rig.azure.throttles(), { rate: 0, concurrency: 0 });
    await noisy.end();
  });
}

/** Connections that have served before, so that a request which they lose is sent once more. */
const USED = {
  open: () => ({
    used: true,
    watching: new Set(),
    patienceMs: () => MINUTE,
    heard() {},
    answered() {},
    retire() {},
    release() {},
  }),
} as unknown as Connections;

Deno.test("fairness: what is sent to IMDS once more by another connection counts for its pace", async () => {
  const attempts: number[] = [];
  const lost = new Set<string>();
  const rig: CredentialsRig = credentialsRig({
    connections: USED,
    fetch: (input, init) => {
      if (!String(input).startsWith("http://169.254.169.254/")) return rig.azure.fetch(input, init);
      attempts.push(rig.time.elapsed());
      const isFirst = !lost.has(String(input));
      lost.add(String(input));
      return isFirst
        ? Promise.reject(new TypeError("error sending request: connection closed before message"))
        : rig.azure.fetch(input, init);
    },
  });
  const all = Array.from(
    { length: 60 },
    (_, n) => rig.credentials.mint(node(n), { namespace: `n${n % 7}` }),
  );
  await settle(rig.time, Promise.all(all), 20 * SECOND);
  assert.equal(attempts.length, 120);
  assert.ok(mostOf(attempts) <= 10, `${attempts}`);
});

Deno.test("fairness: of a thousand namespaces with new bindings, a refresh that is due soon waits for none", async () => {
  const rig = imdsRig();
  const crowd = new Crowd(rig);
  for (let n = 0; n < 3000; n++) crowd.add(node(n), () => ({ namespace: `n${n % 1000}` }));
  await rig.time.pass(SECOND);
  const expiresAt = rig.time.clock.now() + 10 * MINUTE;
  const soon = await readyAfter(rig, QUIET, { namespace: "due", expiresAt });
  assertSoon(soon, SECOND);
  await crowd.end();
});

Deno.test("fairness: what another namespace asks for, too, waits in the line of the first no longer", async () => {
  const rig = imdsRig();
  const noisy = new Crowd(rig);
  for (let n = 0; n < 2000; n++) noisy.add(node(n), () => ({ namespace: "noisy" }));
  noisy.add(QUIET, () => ({ namespace: "noisy" }));
  await rig.time.pass(SECOND);
  assertSoon(await readyAfter(rig, QUIET, { namespace: "quiet" }));
  assert.equal(noisy.served, 1, "and it is one credential");
  await noisy.end();
});

Deno.test("fairness: an identity for which IMDS hangs keeps no other namespace from it", async () => {
  const rig = imdsRig();
  rig.azure.fail("hang", {
    endpoint: "imds",
    match: ({ who }) => who !== KNOWN[0],
    times: Infinity,
  });
  assertSoon(await readyAfter(rig, QUIET, { namespace: "quiet" }));
  const noisy = new Crowd(rig);
  for (let n = 0; n < 50; n++) noisy.add(node(n), () => ({ namespace: "noisy" }));
  for (let round = 0; round < 10; round++) {
    await rig.time.pass(7 * MINUTE);
    const need = { namespace: "quiet", newerThan: rig.time.clock.now() - 1 };
    assertSoon(await readyAfter(rig, { ...QUIET, server: `r${round}0000.azurecr.io` }, need));
  }
  await noisy.end();
});

/** Registries whose names begin with `dead` never answer. */
function registryRig(): CredentialsRig {
  const rig = credentialsRig({ azure: { latencyMs: LATENCIES } });
  rig.azure.fail("hang", {
    match: ({ registry }) => registry?.startsWith("dead") ?? false,
    times: Infinity,
  });
  return rig;
}

const dead = (n: number) => `dead${String(n).padStart(4, "0")}.azurecr.io`;

for (
  const [what, need] of [
    ["that hang", () => ({ namespace: "noisy" })],
    ["that hang, urgent as its bindings claim to be,", (now: number) => ({
      namespace: "noisy",
      expiresAt: now + MINUTE,
    })],
  ] as const
) {
  Deno.test(`fairness: 600 registries of a namespace ${what} delay no other's new binding`, async () => {
    const rig = registryRig();
    const { time } = rig;
    const noisy = new Crowd(rig);
    for (let n = 0; n < 600; n++) noisy.add(node(0, dead(n)), () => need(time.clock.now()));
    for (const at of [SECOND, 30 * SECOND, 5 * MINUTE]) {
      await time.passUntil(at);
      assertSoon(await readyAfter(rig, node(1, `new${at}.azurecr.io`), { namespace: "quiet" }));
      const needed = { namespace: "quiet", newerThan: time.clock.now() - 1 };
      assertSoon(await readyAfter(rig, node(1), needed));
      const expiresAt = time.clock.now() + 5 * MINUTE;
      const refresh = { ...needed, namespace: "other", expiresAt };
      assertSoon(await readyAfter(rig, node(2), refresh));
    }
    await noisy.end();
  });
}

Deno.test("fairness: registries of a namespace that answer first and hang then delay no other's binding", async () => {
  const rig = credentialsRig({ azure: { latencyMs: LATENCIES } });
  const { azure, time } = rig;
  for (let n = 0; n < 20; n++) {
    await settle(time, rig.credentials.mint(node(0, dead(n)), { namespace: "noisy" }), 2 * SECOND);
  }
  azure.fail("hang", {
    match: ({ registry }) => registry?.startsWith("dead") ?? false,
    times: Infinity,
  });
  await time.pass(10 * MINUTE);
  const noisy = new Crowd(rig);
  for (let n = 0; n < 20; n++) {
    for (let scope = 0; scope < 40; scope++) {
      const request = { ...node(0, dead(n)), scope: `repository:r${scope}:pull` };
      noisy.add(request, () => ({ namespace: "noisy" }));
      noisy.add({ ...node(100 + scope, dead(n)) }, () => ({ namespace: "noisy" }));
    }
  }
  for (let round = 0; round < 6; round++) {
    await time.pass(13 * SECOND);
    const need = { namespace: "quiet", newerThan: time.clock.now() - 1 };
    assertSoon(await readyAfter(rig, node(1, `new${round}0000.azurecr.io`), need));
  }
  await noisy.end();
});

Deno.test("fairness: a registry that nobody has asked yet is asked by each namespace in its own turn", async () => {
  const rig = registryRig();
  const noisy = new Crowd(rig);
  for (let n = 0; n < 600; n++) noisy.add(node(0, dead(n)), () => ({ namespace: "noisy" }));
  // Behind all of these, the first call to the registry that everybody uses is the noisy one's.
  noisy.add(node(0), () => ({ namespace: "noisy" }));
  await rig.time.pass(2 * SECOND);
  assertSoon(await readyAfter(rig, node(1), { namespace: "quiet" }));
  await noisy.end();
});

Deno.test("fairness: 2,000 credentials of one registry delay no other namespace's", async () => {
  const rig = credentialsRig({ azure: { latencyMs: LATENCIES } });
  const noisy = new Crowd(rig);
  for (let n = 0; n < 2000; n++) {
    const request = { ...node(0), scope: `repository:r${n}:pull` };
    noisy.add(request, () => ({ namespace: "noisy" }));
  }
  await rig.time.pass(SECOND);
  const request = { ...node(0), scope: "repository:quiet:pull" };
  assertSoon(await readyAfter(rig, request, { namespace: "quiet" }), SECOND);
  await noisy.end();
});

Deno.test("fairness: tokens of ServiceAccounts that are long in coming keep no other namespace from Entra", async () => {
  const asked: string[] = [];
  const rig: CredentialsRig = credentialsRig({
    azure: { latencyMs: LATENCIES },
    serviceAccountToken: async ({ namespace, name }, signal) => {
      asked.push(namespace);
      if (namespace === "noisy") await sleep(rig.time.clock, 30 * SECOND, signal);
      return assertionOf(rig.time, `system:serviceaccount:${namespace}:${name}`);
    },
  });
  assertSoon(await readyAfter(rig, federated("first", "app"), { namespace: "first" }));
  const noisy = new Crowd(rig);
  for (let n = 0; n < 300; n++) {
    noisy.add(federated("noisy", `app-${n}`), () => ({ namespace: "noisy" }));
  }
  for (let round = 0; round < 5; round++) {
    await rig.time.pass(17 * SECOND);
    const request = federated("quiet", `app-${round}`);
    assertSoon(await readyAfter(rig, request, { namespace: "quiet" }));
  }
  assert.ok(asked.filter((namespace) => namespace === "noisy").length > 20, "it is not starved");
  await noisy.end();
});

const BUSY = new Response("busy", { status: 503, headers: { "Retry-After": "3600" } });

Deno.test("fairness: the wait that a registry asked one namespace for, in trouble, is no other's", async () => {
  let busy = true;
  const rig: CredentialsRig = credentialsRig({
    fetch: (input, init) => {
      if (busy && new URL(String(input)).host === REGISTRY) return Promise.resolve(BUSY.clone());
      return rig.azure.fetch(input, init);
    },
  });
  const { time, credentials } = rig;
  await settle(time, rejection(credentials.mint(node(0), { namespace: "noisy" })), SECOND);
  busy = false;
  const again = credentials.mint(node(1), { namespace: "noisy" });
  const told = await settle(time, rejection(again), SECOND);
  assert.equal(told.failure.retryAfterMs, 3_599_000);
  assertSoon(await readyAfter(rig, node(2), { namespace: "quiet" }));
  assertSoon(await readyAfter(rig, node(1), { namespace: "quiet" }), SECOND);
});

Deno.test("fairness: the wait that Entra asked for a client that one namespace named is no other's", async () => {
  const rig = credentialsRig();
  const { time, azure, credentials } = rig;
  azure.fail("entra-429");
  const noisy = credentials.mint(federated("noisy", "app"), { namespace: "noisy" });
  assert.equal((await settle(time, rejection(noisy))).failure.retryAfterMs, 60_000);
  assertSoon(await readyAfter(rig, federated("quiet", "app"), { namespace: "quiet" }), SECOND);
});

Deno.test("fairness: the wait that IMDS asked for in trouble with one identity is no other namespace's", async () => {
  const busy = clientId(0);
  const rig: CredentialsRig = credentialsRig({
    fetch: (input, init) =>
      String(input).includes(busy) ? Promise.resolve(BUSY.clone()) : rig.azure.fetch(input, init),
  });
  const { time, credentials } = rig;
  await settle(time, rejection(credentials.mint(node(0), { namespace: "noisy" })), SECOND);
  assertSoon(await readyAfter(rig, node(1), { namespace: "quiet" }), SECOND);
  const told = await settle(time, rejection(credentials.mint(node(2), { namespace: "noisy" })));
  assert.ok(told.failure.retryAfterMs! > 3_500_000);
});

Deno.test("fairness: of a wait that IMDS asks for, thousands hear within seconds, in many turns", async () => {
  const rig = credentialsRig({ azure: { latencyMs: LATENCIES } });
  const { time, azure, credentials } = rig;
  azure.fail("entra-429", { endpoint: "imds", times: Infinity });
  let told = 0;
  const all = Array.from(
    { length: 2000 },
    (_, n) => credentials.mint(node(n), { namespace: `n${n % 50}` }).catch(() => void told++),
  );
  const inOneTurn: number[] = [];
  for (let before = 0; told < 2000 && time.elapsed() < 5 * SECOND; before = told) {
    await time.pass(1);
    inOneTurn.push(told - before);
  }
  await Promise.all(all);
  assert.ok(Math.max(...inOneTurn) <= 100, `${Math.max(...inOneTurn)} in one turn`);
  assert.ok(azure.counts().imds <= 3, `${azure.counts().imds} calls`);
});

Deno.test("fairness: ten thousand credentials of a namespace leave a bounded memory behind", async () => {
  const { time, credentials } = credentialsRig();
  for (let part = 0; part < 20; part++) {
    const asked = Array.from({ length: 500 }, (_, n) => {
      const server = `r${part}x${String(n).padStart(4, "0")}.azurecr.io`;
      return credentials.mint(node(0, server), { namespace: "noisy" }).catch(() => {});
    });
    await settle(time, Promise.all(asked), 4 * SECOND);
  }
  assert.ok(credentials.held <= 2001, `${credentials.held} are held`);
});

const NOISY = [1, 2, 4, 8].map((count) => ({
  count,
  whose: count === 1 ? "one namespace" : `${count} namespaces`,
}));

for (const { count, whose } of NOISY) {
  Deno.test(`fairness: registries of ${whose} that hang delay no new binding of a registry that all share`, async () => {
    const rig = registryRig();
    const { time } = rig;
    const noisy = new Crowd(rig);
    for (let n = 0; n < count * 150; n++) {
      noisy.add(node(n % count, dead(n)), () => ({ namespace: `noisy-${n % count}` }));
    }
    await time.pass(5 * SECOND);
    for (let n = 0; n < count; n++) noisy.add(node(n), () => ({ namespace: `noisy-${n}` }));
    await time.pass(SECOND);
    assertSoon(await readyAfter(rig, node(99), { namespace: "quiet" }));
    const expiresAt = time.clock.now() + 5 * MINUTE;
    assertSoon(await readyAfter(rig, node(98), { namespace: "due", expiresAt }));
    await noisy.end();
  });

  Deno.test(`fairness: one call without an answer shuts no registry that ${whose} share, whose others hang`, async () => {
    const rig = registryRig();
    const { azure, time } = rig;
    assertSoon(await readyAfter(rig, node(99), { namespace: "first" }));
    const noisy = new Crowd(rig);
    for (let n = 0; n < count * 60; n++) {
      noisy.add(node(n % count, dead(n)), () => ({ namespace: `noisy-${n % count}` }));
    }
    await time.pass(15 * MINUTE);
    azure.fail("hang", { match: ({ registry }) => registry === REGISTRY });
    const lost = rejection(rig.credentials.mint(node(97), { namespace: "blip" }));
    assert.equal((await settle(time, lost, MINUTE + SECOND)).failure.reason, "TimedOut");
    for (let n = 0; n < count; n++) noisy.add(node(n), () => ({ namespace: `noisy-${n}` }));
    await time.pass(SECOND);
    assertSoon(await readyAfter(rig, node(96), { namespace: "quiet" }));
    const expiresAt = time.clock.now() + 5 * MINUTE;
    assertSoon(await readyAfter(rig, node(95), { namespace: "due", expiresAt }));
    await noisy.end();
  });

  Deno.test(`fairness: tokens of ServiceAccounts of ${whose} that are long in coming keep no other from Entra after a start`, async () => {
    const rig: CredentialsRig = credentialsRig({
      azure: { latencyMs: LATENCIES },
      serviceAccountToken: async ({ namespace, name }, signal) => {
        if (namespace.startsWith("noisy")) await sleep(rig.time.clock, 30 * SECOND, signal);
        return assertionOf(rig.time, `system:serviceaccount:${namespace}:${name}`);
      },
    });
    const noisy = new Crowd(rig);
    for (let n = 0; n < count * 50; n++) {
      const namespace = `noisy-${n % count}`;
      noisy.add(federated(namespace, `app-${n}`), () => ({ namespace }));
    }
    await rig.time.pass(SECOND);
    for (let round = 0; round < 4; round++) {
      const request = federated("quiet", `app-${round}`);
      assertSoon(await readyAfter(rig, request, { namespace: "quiet" }));
      const expiresAt = rig.time.clock.now() + 5 * MINUTE;
      const due = federated("due", `app-${round}`);
      assertSoon(await readyAfter(rig, due, { namespace: "due", expiresAt }));
      await rig.time.pass(17 * SECOND);
    }
    await noisy.end();
  });

  Deno.test(`fairness: identities of ${whose} for which IMDS hangs keep no other from it`, async () => {
    const answered = Array.from({ length: 20 }, (_, n) => clientId(9_000_000 + n));
    const rig = credentialsRig({ azure: { latencyMs: LATENCIES, identities: answered } });
    const { azure, time } = rig;
    azure.fail("hang", {
      endpoint: "imds",
      match: ({ who }) => who === undefined || !answered.includes(who),
      times: Infinity,
    });
    const noisy = new Crowd(rig);
    for (let n = 0; n < count * 50; n++) {
      noisy.add(node(n), () => ({ namespace: `noisy-${n % count}` }));
    }
    await time.pass(11 * SECOND);
    for (let round = 0; round < 10; round++) {
      const quiet = node(9_000_000 + 2 * round);
      assertSoon(await readyAfter(rig, quiet, { namespace: "quiet" }));
      const expiresAt = time.clock.now() + 5 * MINUTE;
      const due = node(9_000_001 + 2 * round);
      assertSoon(await readyAfter(rig, due, { namespace: "due", expiresAt }));
      await time.pass(11.3 * SECOND);
    }
    assert.ok(mostInASecond(rig) <= 10, `${mostInASecond(rig)} in a second`);
    assert.deepEqual(azure.throttles(), { rate: 0, concurrency: 0 });
    await noisy.end();
  });
}

Deno.test("fairness: of a thousand ServiceAccounts whose tokens wait for Entra, few tokens are held", async () => {
  let held = 0;
  let most = 0;
  const rig: CredentialsRig = credentialsRig({
    serviceAccountToken: ({ namespace, name }) => {
      most = Math.max(most, ++held);
      return Promise.resolve(assertionOf(rig.time, `system:serviceaccount:${namespace}:${name}`));
    },
    fetch: async (input, init) => {
      if (!String(input).includes("microsoftonline")) return await rig.azure.fetch(input, init);
      held--;
      await sleep(rig.time.clock, SECOND, init?.signal ?? undefined);
      return await rig.azure.fetch(input, init);
    },
  });
  const crowd = new Crowd(rig);
  for (let n = 0; n < 1000; n++) {
    crowd.add(federated(`n${n}`, "app"), () => ({ namespace: `n${n}` }));
  }
  await rig.time.pass(5 * MINUTE);
  assert.equal(crowd.served, 1000);
  assert.ok(most <= 48, `${most} are held`);
  await crowd.end();
});
