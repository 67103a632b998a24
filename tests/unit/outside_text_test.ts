import assert from "node:assert/strict";
import { cpuUsage } from "node:process";
import fc from "fast-check";
import { CaBundleError, certificatesIn } from "../../src/azure/ca_bundle.ts";
import { connectionFailure } from "../../src/azure/connection_failure.ts";
import { failureOf } from "../../src/azure/classify.ts";
import {
  cleanPath,
  faultOfClientId,
  faultOfResourceId,
  faultOfTenant,
} from "../../src/azure/identity.ts";
import { notGranted } from "../../src/azure/granted.ts";
import { readClaims } from "../../src/azure/jwt.ts";
import { faultOfServer, normalizeSuffix } from "../../src/azure/registry.ts";
import { parseOptions } from "../../src/cli/flags/options.ts";
import { suggest } from "../../src/cli/flags/suggest.ts";
import { faultOfTokenAudience } from "../../src/cli/flags/token_audience.ts";
import { APIS } from "../../src/controller/binding/apis.ts";
import { describeFailure } from "../../src/controller/failure.ts";
import { keepSecret } from "../../src/controller/cluster/cached_secret.ts";
import { dockerConfig, passwordIn } from "../../src/azure/docker_config.ts";
import { contentOf } from "../../src/controller/execute/inspect.ts";
import { labelValue } from "../../src/controller/names.ts";
import { lifetimeOf } from "../../src/controller/plan/schedule.ts";
import { readClusterEntry } from "../../src/kubernetes/config/cluster_entry.ts";
import { Entry } from "../../src/kubernetes/config/entry.ts";
import { pemFault } from "../../src/kubernetes/config/pem.ts";
import { tokenFault } from "../../src/kubernetes/config/credentials.ts";
import { tokenExpiry } from "../../src/kubernetes/config/token_expiry.ts";
import { readExecCredential } from "../../src/kubernetes/config/exec_credential.ts";
import { ApiError } from "../../src/kubernetes/http/errors.ts";
import { eventMessage } from "../../src/kubernetes/events/event.ts";
import { LineSplitter } from "../../src/kubernetes/http/json_lines.ts";
import { parseLabelSelector } from "../../src/kubernetes/resources/label_selector.ts";
import { resourcePath } from "../../src/kubernetes/resources/resource_path.ts";
import { isNewer } from "../../src/kubernetes/informer/resource_version.ts";
import { parseRetryAfter } from "../../src/runtime/time/retry_after.ts";
import { brief } from "../../src/runtime/masking/brief.ts";
import { parseNoProxy } from "../../src/runtime/network/no_proxy.ts";
import { maskSecrets, namesSecret } from "../../src/runtime/masking/mask.ts";
import { quote } from "../../src/runtime/text/quote.ts";
import { Redacted } from "../../src/runtime/masking/redacted.ts";
import { refusal } from "../../src/telemetry/serving/authorization.ts";
import { parseBindAddress } from "../../src/http_server/bind_address.ts";
import { readRequest } from "../../src/http_server/request.ts";
import { logLine } from "../../src/telemetry/log/log_line.ts";
import { sanitize } from "../../src/telemetry/log/sanitize.ts";
import {
  account,
  bindingV1,
  bindingV2,
  NOW,
  secretOf,
  SETTINGS,
  viewV1,
} from "./controller/builders.ts";
import { plan } from "./controller/plan/planning.ts";
import { viewOfV1beta1, viewOfV1beta2 } from "./controller/views.ts";
import { encodeJwt } from "../sandbox/azure/jwt.ts";

/** What a text of 64 KiB may take of a processor: other programs use the same. */
const LONGEST_MS = 250;
const LENGTH = 64 * 1024;

const bytes = (text: string) => new TextEncoder().encode(text);
const base64 = (text: string) => bytes(text).toBase64({ alphabet: "base64url", omitPadding: true });

/** Sends the text to whoever serves metrics and health, in pieces of `size` bytes. */
async function request(text: string, size: number): Promise<unknown> {
  const sent = bytes(text);
  let at = 0;
  const read = () => Promise.resolve(at < sent.length ? sent.subarray(at, at += size) : null);
  const nothing = () => Promise.resolve();
  return await readRequest({ read, write: nothing, end: nothing, close: () => {} });
}

/** As much of the text as there is room for in the head of a request. */
function head(before: string, text: string, after: string): Promise<unknown> {
  const room = 16 * 1024 - before.length - after.length;
  return request(`${before}${text.slice(0, room)}${after}\r\n\r\n`, 2048);
}

/** Each of another name. */
const MANY_HEADERS = Array.from({ length: 4000 }, (_, name) => `${name.toString(36)}:\r\n`).join(
  "",
);

function answer(body: string, headers: Record<string, string> = {}) {
  const asked = {
    endpoint: "token",
    url: new URL("https://a.azurecr.io/oauth2/token"),
    timeoutMs: 1,
    signal: new AbortController().signal,
  } as const;
  return failureOf(asked, { status: 400, headers: new Headers(headers), body });
}

/** Of a header nothing is sent but what an HTTP client lets pass. */
const asHeader = (text: string) => text.replaceAll(/[^\x20-\x7e]/g, " ").trim();

function planned(binding: ReturnType<typeof viewV1>) {
  const serviceAccounts = new Map([["default", account("default", [])]]);
  const rules = APIS.named(binding.api);
  return plan({ binding, rules, serviceAccounts, secrets: [], keepsConditions: true }, NOW);
}

/** The text in pieces of `size` units. */
function pieces(text: string, size: number): readonly string[] {
  const count = Math.ceil(text.length / size);
  return Array.from({ length: count }, (_, at) => text.slice(at * size, (at + 1) * size));
}

/** Reads an intact Secret, whose token claims what the tenant likes. */
function claimed(names: readonly string[]) {
  const access = names.flatMap((name) => [
    { type: "repository", name: `*${name}`, actions: ["*"] },
    { type: "repository", name: `${name}*${name}`, actions: ["push"] },
  ]);
  const token = encodeJwt({ exp: NOW / 1000 + 3600, access });
  const config = dockerConfig("a.azurecr.io", new Redacted(token)).reveal();
  const asked = [
    ...Array.from({ length: 300 }, (_, n) => `repository:a${n}:pull`),
    ...names.map((name) => `repository:${name}:pull,push,delete`),
  ].join(" ");
  return contentOf({
    type: "kubernetes.io/dockerconfigjson",
    metadata: { name: "a", namespace: "b", uid: "c", resourceVersion: "1" },
    data: { ".dockerconfigjson": bytes(config).toBase64() },
  } as never, { server: "a.azurecr.io", scope: asked.slice(0, LENGTH / 4) });
}

const LINE = { level: "info", stacktraceLevel: "info", timeEncoding: "iso8601" } as const;
const ENTRY = { level: "error", time: 0 } as const;

/**
 * Everything that reads text which others choose, by whose text it is. The YAML of a kubeconfig is
 * not among them: whoever starts the process writes it, and no pod reads any.
 */
const READERS: readonly [what: string, read: (text: string) => unknown][] = [
  ["a request byte by byte", (text) => request(text, 1)],
  ["a request in one piece", (text) => request(text, LENGTH)],
  ["a request's headers", (text) => head(`GET / HTTP/1.1\r\nHost: a\r\n`, text, "")],
  ["a request's value", (text) => head("GET / HTTP/1.1\r\nHost: a\r\nA:", text, "")],
  [
    "a request's value before a line feed",
    (text) => head("GET / HTTP/1.1\r\nHost: a\r\nA:", text, "\n"),
  ],
  [
    "a request's value that ends in a letter",
    (text) => head("GET / HTTP/1.1\r\nHost: a\r\nA:x", text, "y"),
  ],
  ["a request's target", (text) => head("GET /", text, " HTTP/1.1\r\nHost: a")],
  ["a request of many headers", () => head("GET / HTTP/1.1\r\nHost: a\r\n", MANY_HEADERS, "")],
  ["a bearer token", (text) =>
    refusal(
      new Request("http://a", { headers: { authorization: `Bearer ${asHeader(text)}` } }),
      () => Promise.resolve("allowed"),
    )],
  ["a text to be masked", maskSecrets],
  ["JSON to be masked", (text) => maskSecrets(JSON.stringify({ a: text, b: { token: text } }))],
  [
    "JSON in JSON to be masked",
    (text) => maskSecrets(JSON.stringify(JSON.stringify([text, text]))),
  ],
  ["a text to be masked to its end", (text) => maskSecrets(text, Infinity)],
  ["a field's name", namesSecret],
  ["a value to be quoted", quote],
  ["a message to be told in short", (text) => brief(text, "Reason", "short")],
  [
    "a line of the log",
    (message) =>
      logLine({ ...ENTRY, message, fields: { [message]: message } }, { ...LINE, format: "json" }),
  ],
  [
    "a line of the log for a terminal",
    (message) =>
      logLine({ ...ENTRY, message, fields: { error: new Error(message) } }, {
        ...LINE,
        format: "text",
      }),
  ],
  [
    "a value of the log of many texts",
    (text) =>
      sanitize(Array.from({ length: 32 }, () => Array.from({ length: 32 }, () => text)), true),
  ],
  ["an Event's message", eventMessage],
  ["a label selector", parseLabelSelector],
  ["a label", labelValue],
  [
    "a name in a path",
    (name) =>
      resourcePath({ group: "", version: "v1", plural: "secrets", kind: "Secret" } as never, {
        name,
      }),
  ],
  ["a resourceVersion", (text) => isNewer(text, "1")],
  [
    "a Status",
    (message) =>
      ApiError.fromStatus({ message, reason: message, details: { causes: [{ message }] } }),
  ],
  [
    "a webhook's denial",
    (text) => ApiError.fromStatus({ message: `admission webhook "w" denied the request: ${text}` }),
  ],
  [
    "a policy's name",
    (text) => ApiError.fromStatus({ message: `ValidatingAdmissionPolicy '${text}` }),
  ],
  [
    "what a policy refuses",
    (text) =>
      ApiError.fromStatus({ message: `${text} is forbidden: ValidatingAdmissionPolicy 'p' ` }),
  ],
  [
    "a failure of the API server",
    (message) =>
      describeFailure(
        viewV1(),
        { kind: "addFinalizer" },
        ApiError.fromStatus({ code: 403, reason: "Forbidden", message }),
      ),
  ],
  ["a failure of the network", (message) => ApiError.from(new TypeError(message))],
  ["a stream's lines, byte by byte", (text) => {
    const splitter = new LineSplitter();
    for (const byte of bytes(text.slice(0, LENGTH / 4))) {
      splitter.push(Uint8Array.of(byte), () => {});
    }
  }],
  ["a Retry-After", (text) => parseRetryAfter(text, NOW)],
  ["a body of Azure's", (text) => answer(text)],
  [
    "an error description of Azure's",
    (error_description) => answer(JSON.stringify({ error: error_description, error_description })),
  ],
  [
    "an error of a registry",
    (message) => answer(JSON.stringify({ errors: [{ code: message, message }] })),
  ],
  ["a Retry-After of Azure's", (text) => answer("", { "retry-after": asHeader(text) })],
  ["a registry", (text) => faultOfServer(text, ["azurecr.io"])],
  ["a registry's suffix", normalizeSuffix],
  ["a client ID", faultOfClientId],
  ["a resource ID", faultOfResourceId],
  [
    "the rest of a resource ID",
    (text) =>
      faultOfResourceId(
        `/subscriptions/712288dc-f816-4242-b73f-a0a87265dcc8/resourceGroups/${text}`,
      ),
  ],
  ["a tenant", faultOfTenant],
  ["a path", cleanPath],
  ["a spec of v1beta1", (value) =>
    planned(viewOfV1beta1(
      bindingV1({ spec: { acrServer: value, managedIdentityResourceID: value, scope: value } }),
      SETTINGS,
    ))],
  ["a spec of v1beta2", (value) =>
    planned(viewOfV1beta2(
      bindingV2({
        spec: { acr: { server: value, scope: value, environment: value as "PublicCloud" } },
      }),
      SETTINGS,
    ))],
  ["annotations of an account", (value) => {
    const binding = viewV1();
    return planned({
      ...binding,
      target: value,
      credential: {
        kind: "workloadIdentity",
        serviceAccountName: value,
      } as never,
    });
  }],
  [
    "annotations of a Secret",
    (value) => lifetimeOf(secretOf(viewV1(), { expiry: value, refresh: value, inputs: value })),
  ],
  ["metadata of a Secret", (value) =>
    keepSecret({
      metadata: {
        name: "a",
        namespace: "b",
        uid: "c",
        resourceVersion: "1",
        labels: { "acr.microsoft.com/binding": value },
        ownerReferences: [{ apiVersion: value, kind: "AcrPullBinding", name: value, uid: value }],
        managedFields: [{ manager: value, operation: value, fieldsV1: { "f:data": value } }],
      },
    } as never, APIS)],
  ["a token", (text) => readClaims(new Redacted(`a.${base64(text)}.c`))],
  ["a token's segments", (text) => readClaims(new Redacted(text))],
  ["the expiry of a token", (text) => tokenExpiry(new Redacted(text))],
  ["a dockerconfigjson", (text) => passwordIn(new Redacted(text), "a.azurecr.io")],
  ["the data of a Secret", (text) =>
    contentOf({
      type: "kubernetes.io/dockerconfigjson",
      metadata: { name: "a", namespace: "b", uid: "c", resourceVersion: "1" },
      data: { ".dockerconfigjson": text },
    } as never, { server: "a.azurecr.io", scope: text })],
  [
    "a Secret whose token names hundreds of repositories",
    (text) => claimed(pieces(text.slice(0, 60_000), 250)),
  ],
  ["a Secret whose token names few, of long names", (text) => claimed(pieces(text, LENGTH / 20))],
  ["the scopes of a token", (text) =>
    notGranted(`${text} repository:${text}:pull`, [
      { type: "repository", name: text, actions: [text] },
      { type: "repository", name: `*${text}*`, actions: ["pull"] },
    ])],
  ["NO_PROXY", (text) => parseNoProxy(text)(new URL("https://a.azurecr.io/"))],
  ["the text of a failed connection", (text) => connectionFailure(new Error(text))],
  [
    "the cluster of a kubeconfig",
    (text) =>
      readClusterEntry(new Entry({ server: text, "proxy-url": text }, "a", "b"), {} as never),
  ],
  [
    "a URL of a kubeconfig",
    (text) => readClusterEntry(new Entry({ server: `https://a/${text}` }, "a", "b"), {} as never),
  ],
  [
    "a bundle of certificates",
    (text) => {
      try {
        certificatesIn(text, () => {});
      } catch (error) {
        assert.ok(error instanceof CaBundleError);
      }
    },
  ],
  ["PEM", (text) => [pemFault("certificate", text), pemFault("key", text)]],
  ["a token of a kubeconfig", tokenFault],
  ["what a plugin prints", (text) => readExecCredential(text, "v1", NOW)],
  ["arguments", (text) =>
    parseOptions(
      [`--${text}`, text, `--acr-server=${text}`, `--label-selector=${text}`],
      () => text,
    )],
  ["a flag that does not exist", (text) => suggest(text, ["leader-elect", "metrics-bind-address"])],
  ["an audience", faultOfTokenAudience],
  ["an address to bind", parseBindAddress],
];

/** Pieces that parsers look for, or that regular expressions backtrack over. */
const PIECES = [
  ..." \t\r\n\0\\/\"'`:;,.=-_+*?!@#$%^&|~()[]{}<>a0Z\u00e9\u2028\u{1f600}\ud800",
  "\r\n",
  "a:",
  "a: \n",
  "eyJ",
  "eyJhbGciOi",
  'auth"',
  '"auth":"',
  '\\"',
  "token=",
  "Bearer ",
  "MDAwMDAwMDAtMDAw",
  "-----BEGIN PRIVATE KEY-----",
  "[123 34 ",
  "://",
  "%22",
  "%",
  "a=b,",
  "in (",
  "../",
  "xn--",
  "AADSTS",
  "Trace ID:",
  "2026-01-01T",
  "error sending request ",
  'no matches for kind "',
  "admission webhook ",
  "- a\n",
  "a: &a [*a]\n",
  '{"a":',
  "[",
];

/** JSON as deep as 64 KiB can be. */
const DEEP = [
  "[".repeat(LENGTH / 2) + "]".repeat(LENGTH / 2),
  '{"error":'.repeat(LENGTH / 10) + "1" + "}".repeat(LENGTH / 10),
];

const run = fc.tuple(
  fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: "binary", minLength: 1, maxLength: 6 })),
  fc.nat(LENGTH),
);

/** Long runs of a piece, of which some begin or end as what is sought does. */
const hostile = fc.array(run, { minLength: 1, maxLength: 6 }).map((runs) => {
  let text = "";
  for (const [piece, length] of runs) {
    text += piece.repeat(Math.ceil(Math.min(length, LENGTH - text.length) / piece.length));
    if (text.length >= LENGTH) break;
  }
  return text.slice(0, LENGTH);
});

async function timeOf(read: (text: string) => unknown, text: string): Promise<number> {
  const startedAt = cpuUsage();
  try {
    await read(text);
  } catch {
    // Refusing it is as good as reading it, if it is quick.
  }
  const { user, system } = cpuUsage(startedAt);
  return (user + system) / 1000;
}

for (const [what, read] of READERS) {
  Deno.test(`property: outside text: ${what} of 64 KiB takes no more than 250 ms`, async () => {
    const known = [
      ...PIECES.map((piece) => piece.repeat(Math.ceil(LENGTH / piece.length))),
      ...DEEP,
    ]
      .map((text): [string] => [text]);
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        // Collecting garbage or compiling may fall into it: what is slow is slow three times.
        const times: number[] = [];
        do times.push(await timeOf(read, text)); while (
          times.at(-1)! > LONGEST_MS && times.length < 3
        );
        assert.ok(Math.min(...times) <= LONGEST_MS, `${times} ms`);
      }),
      { numRuns: known.length + 30, examples: known, endOnFailure: true },
    );
  });
}
