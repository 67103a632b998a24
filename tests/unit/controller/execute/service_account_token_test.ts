import assert from "node:assert/strict";
import { AzureError } from "../../../../src/azure/errors.ts";
import { serviceAccountTokens } from "../../../../src/controller/execute/service_account_token.ts";
import { serviceAccounts } from "../../../../src/kubernetes/resources/built_in.ts";
import { isNamespaceTerminating } from "../../../../src/kubernetes/http/errors.ts";
import { type AzureFailure, azureFailures, failureBody } from "../../../data/failures.ts";
import { encodeJwt } from "../../../sandbox/azure/jwt.ts";
import { InMemoryKubernetes } from "../../../sandbox/kubernetes/server.ts";
import { FakeTime } from "../../kubernetes/fake_time.ts";
import { restOver } from "../rest.ts";

const ACCOUNT = { namespace: "team-a", name: "default", uid: "u" };
const AUDIENCE = "api://AzureCRTokenExchange";
const { signal } = new AbortController();

/** Tokens over the real transport, whose every request is answered by `answer`. */
function tokensOver(answer: (request: Request) => Response | Promise<Response>) {
  const rest = restOver(answer, new FakeTime().clock);
  return serviceAccountTokens(serviceAccounts(rest), AUDIENCE);
}

/** The recorded answer; `envelope` adds what every Status of an API server has besides. */
function statusOf(failure: AzureFailure, envelope: object = {}): Response {
  const headers = { "content-type": "application/json", ...failure.headers };
  const body = { ...JSON.parse(failureBody(failure)), ...envelope };
  return new Response(JSON.stringify(body), { status: failure.status, headers });
}

async function errorOf(answer: Response): Promise<AzureError> {
  const outcome = await tokensOver(() => answer)(ACCOUNT, signal).catch((error: unknown) => error);
  assert.ok(outcome instanceof AzureError);
  return outcome;
}

Deno.test("account tokens: one is asked for the one audience and for an hour", async () => {
  let asked: unknown;
  const tokens = tokensOver(async (request) => {
    asked = {
      method: request.method,
      path: new URL(request.url).pathname,
      body: await request.json(),
    };
    return Response.json({
      status: { token: "t.o.k", expirationTimestamp: "2026-06-01T13:00:00Z" },
    });
  });
  const token = await tokens(ACCOUNT, signal);
  assert.equal(token.reveal(), "t.o.k");
  assert.deepEqual(asked, {
    method: "POST",
    path: "/api/v1/namespaces/team-a/serviceaccounts/default/token",
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: { uid: "u" },
      spec: { audiences: [AUDIENCE], expirationSeconds: 3600 },
    },
  });
});

const PATH = "POST /api/v1/namespaces/team-a/serviceaccounts/default/token";
const REMEDIES: Readonly<Record<string, readonly [reason: string, remedy: string]>> = {
  "k8s-forbidden": [
    "TokenRequestForbidden",
    "Grant the operator create on serviceaccounts/token, and check admission policies.",
  ],
  "k8s-missing": [
    "ServiceAccountNotFound",
    "Create the service account, or correct the name in the binding.",
  ],
  "k8s-short": ["TokenRequestInvalid", "Correct --service-account-token-audience."],
};
const RECORDED = azureFailures().filter(({ endpoint }) => endpoint === "tokenrequest");

Deno.test("account tokens: every recorded failure has its expectation, and none is left over", () => {
  assert.deepEqual(Object.keys(REMEDIES), RECORDED.map(({ name }) => name));
});

const ENVELOPE = { apiVersion: "v1", status: "Failure" };

for (const failure of RECORDED) {
  Deno.test(`account tokens: ${failure.name} is ${failure.class}, with its remedy`, async () => {
    const error = await errorOf(statusOf(failure, ENVELOPE));
    const [reason, remedy] = REMEDIES[failure.name]!;
    const { reason: said } = failure.body as { reason: string };
    assert.deepEqual(
      [error.failure.endpoint, error.failure.class, error.failure.reason, error.message],
      [
        "tokenrequest",
        failure.class,
        reason,
        `A token of service account "default" could not be had (${PATH}: ${failure.status} ` +
        `${said}: no message). ${remedy}`,
      ],
    );
  });
}

Deno.test("account tokens: a recorded failure is classed as given, without its envelope, too", async () => {
  const errors = await Promise.all(RECORDED.map((failure) => errorOf(statusOf(failure))));
  assert.deepEqual(
    errors.map(({ failure }) => failure.class),
    RECORDED.map((failure) => failure.class),
  );
});

const OTHERS: readonly [status: number, retryAfter: string, expected: unknown[]][] = [
  [429, "7", ["throttled", "Throttled", 7000]],
  [503, "3", ["transient", "TokenRequestFailed", 3000]],
  [500, "", ["transient", "TokenRequestFailed", undefined]],
  [401, "", ["transient", "TokenRequestFailed", undefined]],
];

for (const [status, retryAfter, expected] of OTHERS) {
  Deno.test(`account tokens: HTTP ${status} is ${expected[0]}`, async () => {
    const headers = retryAfter === "" ? {} : { "retry-after": retryAfter };
    const { failure } = await errorOf(new Response("", { status, headers }));
    assert.deepEqual([failure.class, failure.reason, failure.retryAfterMs], expected);
  });
}

Deno.test("account tokens: a message of several lines is told on one, and a token in it is masked", async () => {
  const jwt = encodeJwt({ sub: "x" });
  const body = {
    ...ENVELOPE,
    kind: "Status",
    code: 403,
    reason: "Forbidden",
    message: `denied:\n  ${jwt}\n  end`,
  };
  const error = await errorOf(Response.json(body, { status: 403 }));
  assert.match(error.message, /403 Forbidden: denied: \[redacted\] end\)\. Grant/);
});

Deno.test("account tokens: in a namespace that is being deleted, the server's own word is passed on", async () => {
  const body = {
    ...ENVELOPE,
    kind: "Status",
    code: 403,
    reason: "Forbidden",
    message: "being terminated",
    details: { causes: [{ reason: "NamespaceTerminating" }] },
  };
  const tokens = tokensOver(() => Promise.resolve(Response.json(body, { status: 403 })));
  await assert.rejects(tokens(ACCOUNT, signal), isNamespaceTerminating);
});

/** What a server before Kubernetes 1.34 answers, which compares no UID. */
function tokenOf(uid: string | undefined) {
  const account = { name: "default", ...(uid === undefined ? {} : { uid }) };
  const token = encodeJwt({ "kubernetes.io": { namespace: "team-a", serviceaccount: account } });
  const expirationTimestamp = "2026-06-01T13:00:00Z";
  return () => Response.json({ status: { token, expirationTimestamp } });
}

Deno.test("account tokens: one of an account that was made anew meanwhile is not used", async () => {
  const error = await errorOf(tokenOf("another")());
  assert.equal(error.failure.class, "transient");
  assert.equal(
    error.message,
    'A token of service account "default" could not be had (it was made anew meanwhile, under ' +
      "another UID). The operator tries again by itself.",
  );
});

for (const uid of ["u", undefined]) {
  Deno.test(`account tokens: one that tells ${uid === undefined ? "no UID" : "the UID"} is used`, async () => {
    const token = await tokensOver(tokenOf(uid))(ACCOUNT, signal);
    assert.equal(token.reveal().split(".").length, 3);
  });
}

Deno.test("account tokens: an account that was made anew is refused by the server, and tried again", async () => {
  const kube = new InMemoryKubernetes();
  const account = { apiVersion: "v1", kind: "ServiceAccount" };
  kube.apply({ ...account, metadata: { name: "x", namespace: "default" } });
  const tokens = tokensOver((request) => kube.fetch(request));
  const asked = { namespace: "default", name: "x", uid: "another" };
  const error = await tokens(asked, signal).catch((error: unknown) => error);
  assert.ok(error instanceof AzureError);
  assert.deepEqual([error.failure.class, error.failure.status], ["transient", 409]);
  assert.match(error.message, /the UID in the token request \(another\) does not match the UID/);
  const uid = kube.get(account, "default", "x")!.metadata.uid!;
  await tokens({ ...asked, uid }, signal);
  kube.close();
});

Deno.test("account tokens: an answer without token is no token", async () => {
  const error = await errorOf(Response.json({ status: {} }));
  assert.deepEqual([error.failure.class, error.failure.reason], [
    "transient",
    "TokenRequestFailed",
  ]);
});

Deno.test("account tokens: the caller's abort is passed on as it is", async () => {
  const stop = new AbortController();
  const reason = new Error("the operator ends");
  const tokens = tokensOver((request) =>
    new Promise((_, reject) => {
      request.signal.addEventListener("abort", () => reject(request.signal.reason), { once: true });
    })
  );
  const outcome = tokens(ACCOUNT, stop.signal).catch((error: unknown) => error);
  await new Promise((resolve) => setTimeout(resolve, 0));
  stop.abort(reason);
  assert.equal(await outcome, reason);
});

for (
  const [code, reason, failureClass] of [
    [400, undefined, "auth-denied"],
    [403, "Forbidden", "auth-denied"],
    [422, "Invalid", "auth-denied"],
    [503, "ServiceUnavailable", "transient"],
  ] as const
) {
  Deno.test(`account tokens: a webhook's denial with HTTP ${code} is told as such, in one line`, async () => {
    const message = 'admission webhook "w.example.com" denied the request: \n\nno\n  tokens\n';
    const body = { ...ENVELOPE, kind: "Status", code, message };
    const error = await errorOf(
      Response.json({ ...body, ...(reason === undefined ? {} : { reason }) }, { status: code }),
    );
    assert.deepEqual([error.failure.class, error.failure.reason], [failureClass, "PolicyDenied"]);
    assert.equal(
      error.message,
      'A token of service account "default" could not be had (admission webhook "w.example.com" ' +
        "denied the request: no tokens). Do what it asks for, or have it let the operator create " +
        "serviceaccounts/token.",
    );
  });
}
