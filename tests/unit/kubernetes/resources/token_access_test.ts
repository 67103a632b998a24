import assert from "node:assert/strict";
import type {
  JSONValue,
  RequestOptions,
  RestClient,
} from "../../../../src/kubernetes/http/contract.ts";
import { tokenAccess } from "../../../../src/kubernetes/resources/token_access.ts";
import { Redacted } from "../../../../src/runtime/masking/redacted.ts";
import { fakeClock, jwt, settle } from "../http/transport_support.ts";

const ACCESS = { path: "/metrics", verb: "get" };
const USER = {
  username: "system:serviceaccount:monitoring:prometheus",
  uid: "42",
  groups: ["system:serviceaccounts"],
  extra: { "authentication.kubernetes.io/pod-name": ["prometheus-0"] },
};

/** Answers reviews by a function of their kind, and keeps what it was sent. */
function reviewer(answer: (kind: string, token?: string) => JSONValue | Promise<JSONValue>) {
  const sent: RequestOptions[] = [];
  const rest = {
    performRequest(request: RequestOptions) {
      sent.push(request);
      const body = request.bodyJson as { kind: string; spec: { token?: string } };
      return Promise.resolve(answer(body.kind, body.spec.token)).then((status) => ({ status }));
    },
  } as unknown as RestClient;
  return { rest, sent };
}

const known = (allowed: boolean, denied?: boolean) => (kind: string) =>
  kind === "TokenReview"
    ? { authenticated: true, user: USER }
    : { allowed, ...(denied === undefined ? {} : { denied }) };

Deno.test("token access: asks whose token it is, then whether that user may", async () => {
  const { rest, sent } = reviewer(known(true));
  const access = tokenAccess(ACCESS, { rest, clock: fakeClock() });
  assert.equal(await access(new Redacted("the-token")), "allowed");
  assert.deepEqual(sent.map(({ method, path, bodyJson }) => ({ method, path, bodyJson })), [
    {
      method: "POST",
      path: "/apis/authentication.k8s.io/v1/tokenreviews",
      bodyJson: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token: "the-token" },
      },
    },
    {
      method: "POST",
      path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      bodyJson: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: {
          user: USER.username,
          uid: USER.uid,
          groups: USER.groups,
          extra: USER.extra,
          nonResourceAttributes: ACCESS,
        },
      },
    },
  ]);
});

const VERDICTS: [name: string, answer: Parameters<typeof reviewer>[0], expected: string][] = [
  ["nobody's token", () => ({ authenticated: false, error: "expired" }), "unauthenticated"],
  ["an answer without a status", () => null, "unauthenticated"],
  ["an authenticated nobody", () => ({ authenticated: true }), "unauthenticated"],
  ["a user without the right", known(false), "forbidden"],
  ["a user who is denied what another rule allows", known(true, true), "forbidden"],
];

for (const [name, answer, expected] of VERDICTS) {
  Deno.test(`token access: ${name}`, async () => {
    const { rest } = reviewer(answer);
    const access = tokenAccess(ACCESS, { rest, clock: fakeClock() });
    assert.equal(await access(new Redacted("t")), expected);
  });
}

Deno.test("token access: a verdict stands for 10 s, for its token alone", async () => {
  const clock = fakeClock();
  const { rest, sent } = reviewer(known(true));
  const access = tokenAccess(ACCESS, { rest, clock });
  await access(new Redacted("a"));
  await clock.tick(9_999);
  await access(new Redacted("a"));
  assert.equal(sent.length, 2);
  await access(new Redacted("b"));
  assert.equal(sent.length, 4);
  await clock.tick(1);
  await access(new Redacted("a"));
  assert.equal(sent.length, 6);
});

Deno.test("token access: a revoked right counts once the verdict has gone", async () => {
  const clock = fakeClock();
  let allowed = true;
  const { rest } = reviewer((kind) => known(allowed)(kind));
  const access = tokenAccess(ACCESS, { rest, clock });
  assert.equal(await access(new Redacted("a")), "allowed");
  allowed = false;
  await clock.tick(10_000);
  assert.equal(await access(new Redacted("a")), "forbidden");
});

Deno.test("token access: no verdict outlives a wall clock that is set back behind it", async () => {
  const clock = fakeClock();
  let offsetMs = 0;
  let allowed = true;
  const { rest } = reviewer((kind) => known(allowed)(kind));
  const skewed = { ...clock, now: () => clock.now() + offsetMs };
  const access = tokenAccess(ACCESS, { rest, clock: skewed });
  assert.equal(await access(new Redacted("a")), "allowed");
  allowed = false;
  offsetMs = -3600_000;
  await clock.tick(10_000);
  assert.equal(await access(new Redacted("a")), "forbidden");
});

Deno.test("token access: those who ask at once share one question", async () => {
  const { rest, sent } = reviewer(known(true));
  const access = tokenAccess(ACCESS, { rest, clock: fakeClock() });
  const verdicts = await Promise.all([1, 2, 3].map(() => access(new Redacted("a"))));
  assert.deepEqual([verdicts, sent.length], [["allowed", "allowed", "allowed"], 2]);
});

Deno.test("token access: strangers cannot flood the API server", async () => {
  const open = Promise.withResolvers<JSONValue>();
  const { rest, sent } = reviewer(() => open.promise);
  const access = tokenAccess(ACCESS, { rest, clock: fakeClock() });
  const refused = Promise.withResolvers<void>();
  const reasons: string[] = [];
  const asked = Array.from({ length: 20 }, async (_, i) => {
    try {
      return await access(new Redacted(`token-${i}`));
    } catch (error) {
      if (reasons.push((error as Error).message) === 12) refused.resolve();
      return "refused";
    }
  });
  await refused.promise;
  open.resolve({ authenticated: false });
  const answers = await Promise.all(asked);
  assert.equal(sent.length, 8);
  assert.equal(answers.filter((answer) => answer === "unauthenticated").length, 8);
  assert.deepEqual([...new Set(reasons)], ["too many tokens are being checked"]);
});

Deno.test("token access: strangers cannot take the place of a token last seen allowed", async () => {
  const clock = fakeClock();
  const open = Promise.withResolvers<JSONValue>();
  let flooding = false;
  let allowed = true;
  let stuck = 0;
  const { rest } = reviewer((kind, token) => {
    if (!token?.startsWith("stranger") || !flooding) {
      return token?.startsWith("stranger") ? { authenticated: false } : known(allowed)(kind);
    }
    stuck++;
    return open.promise;
  });
  const access = tokenAccess(ACCESS, { rest, clock });
  const scraper = new Redacted("scraper");
  assert.equal(await access(scraper), "allowed");
  // More strangers' verdicts than the cache holds, and then as many questions as there may be.
  for (let i = 0; i < 70; i++) await access(new Redacted(`stranger-${i}`));
  await clock.tick(30_000);
  flooding = true;
  let refused = 0;
  const flood = Promise.all(
    Array.from(
      { length: 240 },
      (_, i) => access(new Redacted(`stranger-in-flood-${i}`)).catch(() => void refused++),
    ),
  );
  // Digests take the system's own time: one that came late would find a place that is free again.
  while (stuck + refused < 240) await settle();
  await assert.rejects(access(new Redacted("newcomer")), /^Error: too many tokens/);
  assert.equal(await access(scraper), "allowed");
  allowed = false;
  await clock.tick(4_000);
  assert.equal(await access(scraper), "allowed");
  open.resolve({ authenticated: false });
  await flood;
  assert.equal(stuck, 8);
  await clock.tick(6_000);
  assert.equal(await access(scraper), "forbidden");
});

Deno.test("token access: a token that is over by its own claim is not asked about", async () => {
  const clock = fakeClock();
  const { rest, sent } = reviewer(known(true));
  const access = tokenAccess(ACCESS, { rest, clock });
  const ofAge = (ms: number) => access(new Redacted(jwt(clock.now() - ms)));
  assert.deepEqual([await ofAge(60_000), sent.length], ["unauthenticated", 0]);
  assert.deepEqual([await ofAge(50_000), sent.length], ["allowed", 2]);
});

Deno.test("token access: a failure is no verdict, and names no token", async () => {
  let away = true;
  const { rest } = reviewer((kind) => {
    if (away) throw new Error("connection refused");
    return known(true)(kind);
  });
  const access = tokenAccess(ACCESS, { rest, clock: fakeClock() });
  await assert.rejects(access(new Redacted("the-token")), /^(?!.*the-token)/);
  away = false;
  assert.equal(await access(new Redacted("the-token")), "allowed");
});

Deno.test("token access: an API server that says nothing is given up after 5 s", async () => {
  const clock = fakeClock();
  const { rest } = reviewer(() => new Promise<JSONValue>(() => {}));
  const asked = tokenAccess(ACCESS, { rest, clock })(new Redacted("a")).catch((error) => error);
  // Digests take the system's own time.
  while (clock.pending() === 0) await settle();
  await clock.tick(5_000);
  assert.equal((await asked).message, "checking a token: no answer within 5 s");
  assert.equal(clock.pending(), 0);
});
