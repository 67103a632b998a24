import assert from "node:assert/strict";
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isExpired,
  isForbidden,
  isInvalid,
  isNamespaceTerminating,
  isNotFound,
} from "../../../../src/kubernetes/http/errors.ts";
import { jwt, START } from "./transport_support.ts";

/** What callers can see of an error. */
function seen(error: ApiError) {
  const { name, code, reason, message, retryable, retryAfterMs, details } = error;
  return { name, code, reason, message, retryable, retryAfterMs, details };
}

function status(fields: Record<string, unknown>) {
  return { kind: "Status", apiVersion: "v1", status: "Failure", ...fields };
}

/** The error of @cloudydeno/kubernetes-client, as its transport makes it. */
function foreign(httpCode: number, body: unknown): Error {
  return Object.assign(new Error(`Kubernetes returned HTTP ${httpCode}`), {
    httpCode,
    status: body,
  });
}

const FROM_CASES: { name: string; error: unknown; expected: Partial<ApiError> }[] = [
  {
    name: "the original client's error gives its Status",
    error: foreign(
      409,
      status({
        code: 409,
        reason: "Conflict",
        message: "the object has been modified",
        details: { name: "x", kind: "secrets", uid: 7, causes: [{ field: "a", extra: 1 }, null] },
      }),
    ),
    expected: {
      code: 409,
      reason: "Conflict",
      message: "the API server answered 409 Conflict: the object has been modified",
      retryable: false,
      retryAfterMs: undefined,
      details: { name: "x", kind: "secrets", causes: [{ field: "a" }, {}] },
    },
  },
  {
    name: "retryAfterSeconds of the Status counts",
    error: foreign(
      429,
      status({
        code: 429,
        reason: "TooManyRequests",
        message: "slow down",
        details: { retryAfterSeconds: 3 },
      }),
    ),
    expected: {
      code: 429,
      reason: "TooManyRequests",
      message: "the API server answered 429 TooManyRequests: slow down",
      retryable: true,
      retryAfterMs: 3000,
      details: { causes: [], retryAfterSeconds: 3 },
    },
  },
  {
    name: "a Status of null leaves the HTTP code",
    error: foreign(503, null),
    expected: {
      code: 503,
      reason: "ServiceUnavailable",
      message: "Kubernetes returned HTTP 503",
      retryable: true,
    },
  },
  {
    name: "a Status that names no reason gets one by its code",
    error: foreign(500, status({ message: "etcd is gone" })),
    expected: {
      code: 500,
      reason: "InternalError",
      message: "the API server answered 500 InternalError: etcd is gone",
      retryable: true,
    },
  },
  {
    name: "fetch's TypeError is an unreachable server",
    error: new TypeError("fetch failed", { cause: new Error("tcp connect error") }),
    expected: { code: 0, reason: "Unreachable", message: "fetch failed", retryable: true },
  },
  {
    name: "a connection reset is an unreachable server",
    error: new Deno.errors.ConnectionReset("reset by peer"),
    expected: { code: 0, reason: "Unreachable", message: "reset by peer", retryable: true },
  },
  {
    name: "AbortSignal.timeout's error is a timeout",
    error: new DOMException("Signal timed out.", "TimeoutError"),
    expected: { code: 0, reason: "Timeout", message: "Signal timed out.", retryable: true },
  },
  {
    name: "JSON that ends too early was cut",
    error: syntaxError('{"a":'),
    expected: { code: 0, reason: "Truncated", retryable: true },
  },
  {
    name: "what is not JSON is a bad answer",
    error: syntaxError("<html>"),
    expected: { code: 0, reason: "BadAnswer", retryable: false },
  },
  {
    name: "a TypeError of a program is unknown, and is not tried again",
    error: new TypeError("Cannot read properties of undefined"),
    expected: {
      code: 0,
      reason: "Unknown",
      message: "Cannot read properties of undefined",
      retryable: false,
    },
  },
  {
    name: "a thrown string is unknown",
    error: "oh",
    expected: { code: 0, reason: "Unknown", message: "oh", retryable: false },
  },
];

function syntaxError(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}

for (const { name, error, expected } of FROM_CASES) {
  Deno.test(`ApiError.from: ${name}`, () => {
    const made = ApiError.from(error);
    assert.equal(made.cause, error);
    assert.deepEqual(seen(made), {
      name: "ApiError",
      message: made.message,
      retryAfterMs: undefined,
      details: undefined,
      ...expected,
    });
  });
}

Deno.test("ApiError.from answers an ApiError as it is", () => {
  const error = new ApiError({ code: 404, reason: "NotFound", message: "gone" });
  assert.equal(ApiError.from(error), error);
});

Deno.test("ApiError.from throws the reason of a signal that has aborted, whatever the error", () => {
  const reason = new Error("shutting down");
  const signal = AbortSignal.abort(reason);
  for (
    const error of [new TypeError("fetch failed"), new DOMException("x", "AbortError"), reason]
  ) {
    assert.throws(() => ApiError.from(error, signal), (thrown) => thrown === reason);
  }
});

Deno.test("a message is cut to a line's length and shows no token", () => {
  const token = jwt(START);
  const error = ApiError.fromStatus(
    status({ code: 422, reason: "Invalid", message: `${token} ${"x".repeat(5000)}` }),
  );
  assert.equal(error.message.length, 1024);
  assert.ok(error.message.endsWith("..."));
  assert.ok(!error.message.includes(token));
  assert.ok(error.message.includes("422 Invalid: [redacted] x"));
});

Deno.test("each helper knows its own error and no other", () => {
  const helpers = {
    isNotFound,
    isConflict,
    isAlreadyExists,
    isExpired,
    isForbidden,
    isInvalid,
    isNamespaceTerminating,
  };
  const matching = (error: unknown) =>
    Object.entries(helpers).filter(([, is]) => is(error)).map(([name]) => name);
  const make = (code: number, reason: string) => new ApiError({ code, reason, message: "" });
  const because = (code: number, reason: string, cause: string) =>
    new ApiError({ code, reason, message: "", details: { causes: [{}, { reason: cause }] } });
  const cases: [unknown, string[]][] = [
    [
      because(403, "Forbidden", "NamespaceTerminating"),
      ["isForbidden", "isNamespaceTerminating"],
    ],
    [because(403, "Forbidden", "FieldValueForbidden"), ["isForbidden"]],
    [because(409, "Conflict", "NamespaceTerminating"), ["isConflict"]],
    [make(404, "NotFound"), ["isNotFound"]],
    [make(404, "BadAnswer"), []],
    [make(409, "Conflict"), ["isConflict"]],
    [make(409, "AlreadyExists"), ["isAlreadyExists"]],
    [make(410, "Expired"), ["isExpired"]],
    [make(410, "Gone"), ["isExpired"]],
    [make(410, "BadAnswer"), ["isExpired"]],
    [make(403, "Forbidden"), ["isForbidden"]],
    [make(403, "BadAnswer"), []],
    [make(422, "Invalid"), ["isInvalid"]],
    [make(500, "InternalError"), []],
    [Object.assign(new Error("x"), { code: 404, reason: "NotFound" }), []],
    [undefined, []],
  ];
  assert.deepEqual(cases.map(([error]) => matching(error)), cases.map(([, names]) => names));
});

const DENIALS: readonly (readonly [message: string, webhook: string | undefined])[] = [
  ['admission webhook "deny.example.com" denied the request: no', "deny.example.com"],
  [
    'admission webhook "deny.example.com" denied the request without explanation',
    "deny.example.com",
  ],
  [`admission webhook "${"w".repeat(253)}" denied the request: no`, "w".repeat(253)],
  [`admission webhook "${"w".repeat(254)}" denied the request: no`, undefined],
  ['secrets "x" not found', undefined],
  ['said: admission webhook "deny.example.com" denied the request: no', undefined],
  ['admission webhook "deny.example.com" does not support dry run', undefined],
  ['admission webhook "', undefined],
];

for (const [message, webhook] of DENIALS) {
  const short = message.length > 90 ? `${message.slice(0, 40)}... (${message.length})` : message;
  Deno.test(`a Status is ${webhook === undefined ? "the API server's" : "a webhook's"} own: ${short}`, () => {
    const details = { name: "x", kind: "secrets" };
    const told = (code: number, reason: string) =>
      ApiError.fromStatus(status({ code, reason, message, details }));
    assert.equal(told(404, "NotFound").denial?.name, webhook);
    const facts = [
      isNotFound(told(404, "NotFound")),
      isConflict(told(409, "Conflict")),
      isAlreadyExists(told(409, "AlreadyExists")),
    ];
    // A webhook may deny with any reason, details included; nothing is found out by that.
    assert.deepEqual(facts, Array(3).fill(webhook === undefined));
    assert.ok(isForbidden(told(403, "Forbidden")), "a refusal is one, whosesoever it is");
  });
}
