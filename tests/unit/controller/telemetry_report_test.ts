import assert from "node:assert/strict";
import { AzureError } from "../../../src/azure/errors.ts";
import type { BindingStatus } from "../../../src/controller/binding/view.ts";
import { UndoneError } from "../../../src/controller/execute/undone.ts";
import type { Action } from "../../../src/controller/plan/actions.ts";
import { TelemetryReport } from "../../../src/controller/telemetry_report.ts";
import { ApiError } from "../../../src/kubernetes/http/errors.ts";
import { createInstruments } from "../../../src/telemetry/metrics/instruments.ts";
import { type LogEntry, loggerOver } from "../../../src/telemetry/log/logger.ts";
import { logLine } from "../../../src/telemetry/log/log_line.ts";
import { Registry } from "../../../src/telemetry/metrics/registry.ts";
import { encodeJwt } from "../../sandbox/azure/jwt.ts";
import { CLIENT_ID, NOW, SECOND, secretOf, SERVER, time, viewV1 } from "./builders.ts";

const BINDING = viewV1();
const SECRET = secretOf(BINDING);
const ID = { namespace: "team-a", name: "pull", api: "v1beta1" } as const;
const NEXT = { failures: 2, retryAt: NOW + 4600 };

function rig() {
  const clock = { now: () => NOW };
  const registry = new Registry();
  const entries: LogEntry[] = [];
  const events: string[] = [];
  const report = new TelemetryReport({
    log: loggerOver((entry) => entries.push(entry), clock),
    instruments: createInstruments(registry),
    events: {
      record: ({ kind, name }, type, reason, message) =>
        void events.push(`${kind} ${name} ${type} ${reason}: ${message}`),
    },
    clock,
  });
  /** Samples that are no longer what they were at the start. */
  const counted = () =>
    registry.expose().split("\n").filter((line) =>
      line.startsWith("acrpull_") && !/ 0$/.test(line) && !line.includes("_bucket")
    );
  return { report, entries, events, counted };
}

const lineOf = ({ level, message, fields }: LogEntry) => [level, message, fields];

const STATUS: BindingStatus = {
  tokenExpirationTime: time(NOW),
  conditions: [{
    type: "Ready",
    status: "True",
    reason: "CredentialAttached",
    message: "Attached.",
    lastTransitionTime: time(NOW),
  }],
};
const MINT: Action = {
  kind: "mint",
  request: {
    identity: { kind: "managedIdentity", clientId: CLIENT_ID },
    audience: "https://management.azure.com/",
    server: SERVER,
    scope: "",
  },
  write: { mode: "create" },
  reason: "there is no Secret",
};

const ACTED: readonly [action: Action, message: string, fields: object][] = [
  [{ kind: "addFinalizer" }, "added finalizer to binding", {}],
  [{ kind: "removeFinalizer" }, "removed finalizer from binding", {}],
  [{ kind: "inspectSecret", name: "s" }, "looked at Secret by its name", { secret: "s" }],
  [MINT, "minted credential and wrote it to Secret", {
    secret: BINDING.secretName,
    server: SERVER,
    reason: "there is no Secret",
    write: "create",
  }],
  [
    { kind: "adoptSecret", secret: SECRET, labels: {}, annotations: {} },
    "put label and annotations of Secret right",
    { secret: SECRET.name },
  ],
  [
    { kind: "deleteSecret", secret: SECRET, reason: "because" },
    "deleted Secret",
    { secret: SECRET.name, reason: "because" },
  ],
  [
    { kind: "addReference", serviceAccount: "default", secret: "s" },
    "attached Secret to service account",
    { secret: "s", serviceAccount: "default" },
  ],
  [
    { kind: "removeReferences", serviceAccount: "default", secrets: ["s", "t"] },
    "detached Secrets from service account",
    { secrets: "s,t", serviceAccount: "default" },
  ],
  [{ kind: "writeStatus", status: STATUS }, "wrote status of binding", {
    ready: "True",
    reason: "CredentialAttached",
    expires: time(NOW),
  }],
];

Deno.test("report: a token that names another registry is a warning", () => {
  const { report, entries } = rig();
  report.otherAudience(BINDING, "other.azurecr.io");
  assert.deepEqual(entries.map(lineOf), [[
    "warn",
    "the token in the Secret names another registry",
    { ...ID, audience: "other.azurecr.io" },
  ]]);
});

for (const [action, message, fields] of ACTED) {
  Deno.test(`report: ${action.kind} is one line of level info, and counted`, () => {
    const { report, entries, counted } = rig();
    report.acted(BINDING, action);
    assert.deepEqual(entries.map(lineOf), [["info", message, { ...ID, ...fields }]]);
    const line = `acrpull_actions_total{api="v1beta1",action="${action.kind}",result="ok"} 1`;
    assert.ok(counted().includes(line), counted().join("\n"));
  });
}

Deno.test("report: a mint is counted by kind of identity and result", () => {
  const { report, counted } = rig();
  const serviceAccount = { namespace: "team-a", name: "default", uid: "u" };
  const identity = {
    kind: "workloadIdentity",
    authorityHost: "login.microsoftonline.com",
    tenantId: "t",
    clientId: "c",
    serviceAccount,
  } as const;
  report.acted(BINDING, MINT);
  report.acted(BINDING, { ...MINT, request: { ...MINT.request, identity } } as Action);
  report.failed(BINDING, MINT, azureError(), NEXT);
  report.failed(
    BINDING,
    MINT,
    new ApiError({ code: 403, reason: "Forbidden", message: "no" }),
    NEXT,
  );
  assert.deepEqual(counted().filter((line) => line.startsWith("acrpull_mint_total")), [
    'acrpull_mint_total{kind="managed_identity",result="kubernetes"} 1',
    'acrpull_mint_total{kind="managed_identity",result="ok"} 1',
    'acrpull_mint_total{kind="managed_identity",result="throttled"} 1',
    'acrpull_mint_total{kind="workload_identity",result="ok"} 1',
  ]);
});

function azureError(problem?: string, cause?: Error): AzureError {
  return new AzureError({
    endpoint: "imds",
    host: "IMDS",
    class: "throttled",
    reason: "Throttled",
    problem: problem ?? "IMDS answered HTTP 429",
    remedy: "Wait.",
    status: 429,
    requestId: "request-1",
  }, { cause });
}

const FAILED: readonly [what: string, error: unknown, fields: object][] = [
  ["of Azure tells endpoint, host, status, request and class", azureError(), {
    endpoint: "imds",
    host: "IMDS",
    status: 429,
    requestId: "request-1",
    class: "throttled",
    error: "IMDS answered HTTP 429. Wait.",
  }],
  [
    "of the network tells its cause",
    azureError("IMDS could not be reached", new TypeError("dns error")),
    {
      endpoint: "imds",
      host: "IMDS",
      status: 429,
      requestId: "request-1",
      class: "throttled",
      cause: "dns error",
      error: "IMDS could not be reached. Wait.",
    },
  ],
  [
    "of the API server tells code and reason",
    new ApiError({ code: 403, reason: "Forbidden", message: "no" }),
    { code: 403, reason: "Forbidden", error: "no" },
  ],
  ["of anything else tells its message", new RangeError("odd"), { error: "odd" }],
  ["that is no Error is told as text", "odd", { error: "odd" }],
];

for (const [what, error, fields] of FAILED) {
  Deno.test(`report: a failure ${what}, and when the next attempt is`, () => {
    const { report, entries, counted } = rig();
    report.failed(BINDING, { kind: "addFinalizer" }, error, NEXT);
    const common = { ...ID, action: "addFinalizer", failures: 2, retryInSeconds: 5 };
    assert.deepEqual(entries.map(lineOf), [["warn", "attempt failed", { ...common, ...fields }]]);
    assert.deepEqual(counted(), [
      'acrpull_actions_total{api="v1beta1",action="addFinalizer",result="failed"} 1',
    ]);
  });
}

Deno.test("report: what others wrote is told without tokens, and in short", () => {
  const { report, entries } = rig();
  const token = encodeJwt({ aud: "x", exp: 1 });
  const error = new AzureError({
    endpoint: "exchange",
    host: SERVER,
    class: "transient",
    reason: "Unreachable",
    problem: `${SERVER} could not be reached`,
    remedy: "Check it.",
    status: 502,
    requestId: `echo ${token} ${"x".repeat(1000)}`,
  }, { cause: new Error(`proxy said ${token}`) });
  report.failed(BINDING, MINT, error, NEXT);
  const line = JSON.stringify(entries);
  assert.ok(!line.includes(token.split(".")[1]!), line);
  assert.match(line, /echo \[redacted\]/);
  assert.match(line, /proxy said \[redacted\]/);
  assert.ok(!line.includes("x".repeat(301)), line);
});

Deno.test("report: a namespace that is being deleted is no failure", () => {
  const { report, entries, counted, events } = rig();
  const error = new ApiError({
    code: 403,
    reason: "Forbidden",
    message: "no",
    details: { causes: [{ reason: "NamespaceTerminating" }] },
  });
  report.failed(BINDING, MINT, error, NEXT);
  assert.deepEqual(entries.map(lineOf), [[
    "info",
    "namespace is being deleted, so that nothing is made in it any more",
    { ...ID, action: "mint", retryInSeconds: 5 },
  ]]);
  assert.deepEqual([counted(), events], [[], []]);
});

Deno.test("report: races, bindings at which the operator goes wrong, those that are gone and pruned conditions have lines of their own", () => {
  const { report, entries } = rig();
  const conflict = new ApiError({ code: 409, reason: "Conflict", message: "changed" });
  report.raced(BINDING, MINT, conflict);
  const mistake = new TypeError("x is undefined");
  report.broke(ID, mistake, { failures: 3, retryAt: NOW + 16 * SECOND });
  report.gone("v1beta1/team-a/pull");
  report.conditions("v1beta1", false);
  report.conditions("v1beta1", true);
  assert.deepEqual(entries.map(lineOf), [
    ["debug", "somebody else wrote first; deciding again", {
      ...ID,
      action: "mint",
      error: conflict,
    }],
    [
      "error",
      "working on binding met a mistake of the operator's own; the others go on",
      { ...ID, failures: 3, retryInSeconds: 16, error: mistake },
    ],
    ["debug", "binding is gone", ID],
    [
      "warn",
      "the CRD has no conditions, so that bindings tell their state by the reference's fields " +
      "alone: apply this release's CRDs to have conditions",
      { api: "v1beta1" },
    ],
    ["info", "the CRD keeps conditions, which are written from now on", { api: "v1beta1" }],
  ]);
});

Deno.test("report: the work on a binding is counted and timed", () => {
  const { report, counted } = rig();
  report.reconciled(ID, "settled", 250);
  report.reconciled(ID, "failed", 750);
  assert.deepEqual(counted(), [
    'acrpull_reconcile_total{api="v1beta1",result="failed"} 1',
    'acrpull_reconcile_total{api="v1beta1",result="settled"} 1',
    'acrpull_reconcile_duration_seconds_sum{api="v1beta1"} 1',
    'acrpull_reconcile_duration_seconds_count{api="v1beta1"} 2',
  ]);
});

Deno.test("report: users hear of failures and recoveries by Events, and not of what goes as it should", () => {
  const { report, events } = rig();
  const condition = STATUS.conditions![0]!;
  const failing: BindingStatus = {
    error: "Slow.",
    conditions: [{ ...condition, status: "False", reason: "Throttled", message: "Slow." }],
  };
  const write = (before: BindingStatus, status: BindingStatus) =>
    report.acted({ ...BINDING, status: before }, { kind: "writeStatus", status });
  write({}, STATUS);
  write(STATUS, STATUS);
  write(STATUS, failing);
  write(failing, failing);
  write(failing, STATUS);
  assert.deepEqual(events, [
    "AcrPullBinding pull Warning Throttled: Slow.",
    "AcrPullBinding pull Normal CredentialAttached: Attached.",
  ]);
});

Deno.test("report: what a binding's status cannot say is said by an Event", () => {
  const { report, events } = rig();
  const failing: BindingStatus = {
    error: "Slow.",
    conditions: [{
      ...STATUS.conditions![0]!,
      status: "False",
      reason: "Throttled",
      message: "Slow.",
    }],
  };
  const error = new ApiError({ code: 413, reason: "RequestEntityTooLarge", message: "limit" });
  report.failed(BINDING, { kind: "writeStatus", status: failing }, error, NEXT);
  report.failed(BINDING, MINT, error, NEXT);
  assert.deepEqual(events, ["AcrPullBinding pull Warning Throttled: Slow."]);
});

Deno.test("report: that a status cannot be written is said by an Event, once in a row", () => {
  const { report, events } = rig();
  const error = UndoneError.byAdmission(['condition "Ready"']);
  for (let failures = 1; failures <= 3; failures++) {
    const next = { failures, retryAt: NOW + 4600 };
    report.failed(BINDING, { kind: "writeStatus", status: STATUS }, error, next);
  }
  assert.deepEqual(events, [
    "AcrPullBinding pull Warning StatusNotWritten: Changing the binding is undone: condition " +
    '"Ready" did not stay, since an admission webhook or policy changes what the operator ' +
    "writes. Exempt the operator from it; meanwhile the operator tries again, more and more rarely.",
  ]);
});

Deno.test("report: what is told of a binding that nobody understands is an Event, too", () => {
  const { report, events } = rig();
  const { api, apiVersion, namespace, name, uid, resourceVersion, generation } = BINDING;
  const basics = { api, apiVersion, namespace, name, uid, resourceVersion, generation };
  const condition = { ...STATUS.conditions![0]!, reason: "InternalError", message: "Oh." };
  report.acted({ ...basics, deleting: false, finalizers: [], status: {} }, {
    kind: "writeStatus",
    status: { error: "Oh.", conditions: [{ ...condition, status: "Unknown" }] },
  });
  assert.deepEqual(events, ["AcrPullBinding pull Warning InternalError: Oh."]);
});

Deno.test("report: a status that is told shorter is a warning", () => {
  const { report, entries } = rig();
  report.shortened(BINDING, new ApiError({ code: 422, reason: "Invalid", message: "too long" }));
  assert.deepEqual(entries.map(lineOf), [[
    "warn",
    "status was refused, and is told shorter",
    { ...ID, code: 422, reason: "Invalid", error: "too long" },
  ]]);
});

Deno.test("report: an Event has room for the remedy, however long the message is", () => {
  const { report, events } = rig();
  const message = `r.azurecr.io said ${"\u4e2d".repeat(1200)}. Grant the identity AcrPull.`;
  const condition = {
    ...STATUS.conditions![0]!,
    status: "False",
    reason: "RegistryDenied",
    message,
  };
  const status = { error: message, conditions: [condition] } as BindingStatus;
  report.acted(BINDING, { kind: "writeStatus", status });
  const told = events[0]!.split("RegistryDenied: ")[1]!;
  assert.ok(new TextEncoder().encode(told).length <= 1024);
  assert.match(told, /^r\.azurecr\.io said .*\.\.\..*\. Grant the identity AcrPull\.$/);
});

Deno.test("report: caches tell of their state, and of watches that fail, the first of a row and each tenth", () => {
  const { report, entries, counted } = rig();
  const informer = report.informer("secrets");
  informer.stateChanged!("synced", "the watch stands", "listing");
  informer.stateChanged!("desynced", "no connection", "synced");
  const error = new ApiError({ code: 0, reason: "Unreachable", message: "no route" });
  for (let failures = 1; failures <= 11; failures++) {
    informer.failed!(error, { retryInMs: 1400, failures });
  }
  informer.callbackFailed!(error);
  const failed = ["list or watch failed", {
    resource: "secrets",
    retryInSeconds: 1.4,
    error: "no route",
  }] as const;
  assert.deepEqual(entries.slice(0, 2).map(lineOf), [
    ["info", "cache is in step with the API server", { resource: "secrets", previous: "listing" }],
    ["warn", "cache is not in step with the API server", {
      resource: "secrets",
      state: "desynced",
      reason: "no connection",
    }],
  ]);
  assert.deepEqual(
    entries.slice(2, -1).map(lineOf),
    Array.from({ length: 11 }, (_, n) => [
      n === 0 || n === 9 ? "warn" : "debug",
      failed[0],
      { ...failed[1], failures: n + 1 },
    ]),
  );
  assert.deepEqual(lineOf(entries.at(-1)!), ["error", "taking in a change failed", {
    resource: "secrets",
    error,
  }]);
  assert.ok(counted().includes('acrpull_watch_restarts_total{resource="secrets"} 11'));
});

Deno.test("report: a CRD that is missing, that goes and that comes is named, with the remedy", () => {
  const { report, entries } = rig();
  for (
    const [api, crd] of [
      ["v1beta1", "acrpullbindings.msi-acrpull.microsoft.com"],
      ["v1beta2", "acrpullbindings.acrpull.microsoft.com"],
    ]
  ) {
    const resource = `acrpullbindings ${api}`;
    const { stateChanged } = report.informer(resource, crd);
    stateChanged!("desynced", "no connection", "listing");
    stateChanged!("absent", "404", "desynced");
    stateChanged!("synced", "the watch stands", "absent");
    stateChanged!("absent", "404", "synced");
    stateChanged!("desynced", "no connection", "absent");
    stateChanged!("synced", "the watch stands", "desynced");
    stateChanged!("desynced", "no connection", "synced");
    stateChanged!("absent", "404", "desynced");
    const last = entries.pop()!;
    assert.match(last.message, new RegExp(`^the CRD ${crd} was removed, `));
    entries.pop();
    assert.deepEqual(entries.splice(0).slice(1).map(lineOf), [
      [
        "warn",
        `the CRD ${crd} is not installed, so that its bindings are not served: apply ` +
        "deploy/latest/crd.yaml to use that API",
        { resource, state: "absent", reason: "404" },
      ],
      [
        "info",
        `the CRD ${crd} is installed, and its bindings are served`,
        { resource, previous: "absent" },
      ],
      [
        "warn",
        `the CRD ${crd} was removed, and its bindings with it: apply deploy/latest/crd.yaml and ` +
        "the bindings again, unless that was meant",
        { resource, state: "absent", reason: "404" },
      ],
      [
        "warn",
        "cache is not in step with the API server",
        { resource, state: "desynced", reason: "no connection" },
      ],
      [
        "info",
        "cache is in step with the API server",
        { resource, previous: "desynced" },
      ],
    ]);
  }
});

Deno.test("report: a resource without a CRD of ours is never told of as one", () => {
  const { report, entries } = rig();
  const { stateChanged } = report.informer("secrets");
  stateChanged!("absent", "404", "listing");
  stateChanged!("synced", "the watch stands", "absent");
  assert.deepEqual(entries.map(({ message }) => message), [
    "cache is not in step with the API server",
    "cache is in step with the API server",
  ]);
});

Deno.test("report: no token reaches a line, an Event or a metric, wherever it comes in", () => {
  const { report, entries, events, counted } = rig();
  const token = encodeJwt({ sub: "secret", exp: NOW });
  const errors = [
    azureError(`IMDS said ${token}`, new TypeError(`sending ${token} failed`)),
    new ApiError({ code: 403, reason: "Forbidden", message: `denied ${token}` }),
    new Error(`odd ${token}`),
    token,
  ];
  const condition = { ...STATUS.conditions![0]!, message: azureError(token).message };
  for (const error of errors) {
    for (const [action] of ACTED) {
      report.failed(BINDING, action, error, NEXT);
      report.raced(BINDING, action, error);
    }
    report.informer("secrets").callbackFailed!(error);
  }
  report.acted(BINDING, {
    kind: "writeStatus",
    status: { error: condition.message, conditions: [condition] },
  });
  const options = {
    level: "debug",
    format: "json",
    timeEncoding: "iso8601",
    stacktraceLevel: "debug",
  } as const;
  const lines = entries.map((entry) => logLine(entry, options));
  const shown = [...lines, ...events, ...counted()].join("\n");
  for (const part of [token, ...token.split(".").slice(1)]) assert.ok(!shown.includes(part));
  assert.ok(shown.includes("[redacted]"));
});
