import assert from "node:assert/strict";
import type { Condition } from "../../../src/controller/binding/view.ts";
import { Reconciler } from "../../../src/controller/reconciler.ts";
import { TelemetryReport } from "../../../src/controller/telemetry_report.ts";
import { EventRecorder } from "../../../src/kubernetes/events/recorder.ts";
import { createInstruments } from "../../../src/telemetry/metrics/instruments.ts";
import { type LogEntry, loggerOver } from "../../../src/telemetry/log/logger.ts";
import { logLine } from "../../../src/telemetry/log/log_line.ts";
import { Registry } from "../../../src/telemetry/metrics/registry.ts";
import { FakeEvents } from "../kubernetes/events/fake_events.ts";
import { CLIENT_ID, SERVER } from "./builders.ts";
import { NAMESPACE, Rig, V1 } from "./rig.ts";

const KEY = `v1beta1/${NAMESPACE}/pull`;

/** Everything that people and programs are told while a binding is worked on. */
class TellingRig extends Rig {
  readonly errors: unknown[] = [];
  readonly #entries: LogEntry[] = [];
  readonly #events = new FakeEvents();
  readonly #registry = new Registry();
  readonly #ending = new AbortController();

  constructor() {
    super();
    const spec = { acrServer: SERVER, managedIdentityClientID: CLIENT_ID };
    this.apply({ ...V1, metadata: { name: "pull" }, spec });
    this.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } });
  }

  /** Works on the binding twice, with what becomes of it all told. */
  async reconcile(): Promise<void> {
    const { clock } = this.time;
    const random = () => 0.5;
    const log = loggerOver((entry) => this.#entries.push(entry), clock);
    const reporter = { component: "acrpull", instance: "pod" };
    const events = new EventRecorder({ events: this.#events, reporter, clock, random, log });
    const { signal } = this.#ending;
    const writing = events.run(signal);
    const instruments = createInstruments(this.#registry);
    const report = new TelemetryReport({ log, instruments, events, clock });
    const { cluster, executor } = this;
    const failed = report.failed.bind(report);
    report.failed = (binding, action, error, next) => {
      this.errors.push(error);
      failed(binding, action, error, next);
    };
    const keepsConditions = () => true;
    const options = { cluster, executor, keepsConditions, clock, random, report };
    const reconciler = new Reconciler(options);
    const slot = {
      outside: <T>(wait: () => Promise<T>) => wait(),
      caughtUp: () => {},
      moved: () => {},
    };
    for (let look = 0; look < 2; look++) {
      await reconciler.reconcile(KEY, { signal, slot });
      await this.time.pass(1000);
    }
    this.#ending.abort();
    await this.time.pass(1000);
    await writing;
  }

  /** Each place by its name, and all that was said there. */
  said(): Record<"log" | "event" | "status" | "error" | "metric", string> {
    const { status } = this.get<{ status: object }>(V1, "pull")!;
    const lines = (["json", "text"] as const).flatMap((format) =>
      this.#entries.map((entry) =>
        logLine(entry, {
          format,
          level: "debug",
          stacktraceLevel: "debug",
          timeEncoding: "iso8601",
        })
      )
    );
    const shown = (error: unknown) => Deno.inspect(error, { depth: 9, strAbbreviateSize: 1e6 });
    return {
      log: lines.join("\n"),
      event: JSON.stringify([...this.#events.stored.values()]),
      status: JSON.stringify(status),
      error: this.errors.map(shown).join("\n"),
      metric: this.#registry.expose(),
    };
  }

  ready(): Condition {
    const { status } = this.get<{ status: { conditions: Condition[] } }>(V1, "pull")!;
    return status.conditions.find(({ type }) => type === "Ready")!;
  }
}

const base64 = (text: string) => new TextEncoder().encode(text).toBase64();
const folded = (text: string, width: number, fold: string) =>
  text.match(new RegExp(`.{1,${width}}`, "g"))!.join(fold);
const asUrl = (text: string) => text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const asDotNet = (text: string) =>
  text.replaceAll("+", "\\u002B").replaceAll("/", "\\u002F").replaceAll("=", "\\u003D");

const bytesOf = (text: string) => [...text].map((c) => c.charCodeAt(0));
const hexOf = (data: string, prefix = "") =>
  bytesOf(atob(data)).map((byte) => prefix + byte.toString(16).padStart(2, "0"));
const patchOf = (data: string) => [
  { op: "replace", path: "/data", value: { ".dockerconfigjson": data } },
];

/** How whoever denies a Secret may show it: `data` is its dockerconfigjson in base64. */
const SHOWN: readonly [how: string, show: (data: string) => string][] = [
  ["in base64", (data) => data],
  ["in base64 within a word", (data) => `x${data}`],
  ["in base64url", asUrl],
  ["in base64 twice", base64],
  ["in base64, as JSON", (data) => JSON.stringify({ data: { ".dockerconfigjson": data } })],
  ["in base64, as JSON in JSON", (data) => JSON.stringify(JSON.stringify({ data: { a: data } }))],
  ["in base64, as .NET escapes it", asDotNet],
  ["in base64, as PHP escapes it", (data) => data.replaceAll("/", "\\/")],
  ["in base64 of 76 letters a line", (data) => folded(data, 76, "\n")],
  ["in base64 of 64 letters a line", (data) => folded(data, 64, "\r\n")],
  ["in base64 of 24 letters a line", (data) => folded(data, 24, "\n")],
  ["in base64 of indented lines", (data) => `a: |\n    ${folded(data, 76, "\n    ")}`],
  ["in base64 of lines in JSON", (data) => JSON.stringify({ a: folded(data, 76, "\n") })],
  [
    "in base64 of lines in JSON twice",
    (data) => JSON.stringify(JSON.stringify({ a: folded(data, 76, "\r\n") })),
  ],
  ["in the query of a URL", (data) => `https://h/p?config=${encodeURIComponent(data)}&x=1`],
  ["in base64url in the query of a URL", (data) => `https://h/p?config=${asUrl(data)}&x=1`],
  ["in a form of folded lines", (data) => `a=${encodeURIComponent(folded(data, 76, "\n"))}&x=1`],
  ["as a data URI", (data) => `data:application/json;base64,${data}`],
  ["as JSON", atob],
  ["as JSON in JSON", (data) => JSON.stringify(atob(data))],
  ["as JSON in JSON in JSON", (data) => JSON.stringify(JSON.stringify(atob(data)))],
  ["as JSON in several lines", (data) => JSON.stringify(JSON.parse(atob(data)), null, 2)],
  [
    "as JSON in several lines in base64",
    (data) => base64(JSON.stringify(JSON.parse(atob(data)), null, 2)),
  ],
  [
    "as JSON with tabs in base64",
    (data) => base64(JSON.stringify(JSON.parse(atob(data)), null, "\t")),
  ],
  ["as JSON in HTML", (data) => atob(data).replaceAll('"', "&#34;")],
  ["as JSON in the query of a URL", (data) => `https://h/?c=${encodeURIComponent(atob(data))}`],
  ["as JSON with .NET's quotes", (data) => atob(data).replaceAll('"', "\\u0022")],
  ["as Python shows it", (data) => atob(data).replaceAll('"', "'")],
  ["as Go shows bytes", (data) => `map[a:[${bytesOf(atob(data)).join(" ")}]]`],
  ["in a patch", (data) => base64(JSON.stringify(patchOf(data)))],
  ["in a patch of several lines", (data) => base64(JSON.stringify(patchOf(data), null, 2))],
  ["in a patch with tabs", (data) => base64(JSON.stringify(patchOf(data), null, "\t"))],
  [
    "in a patch as Go shows bytes",
    (data) => `[${bytesOf(JSON.stringify(patchOf(data))).join(" ")}]`,
  ],
  [
    "as Go shows bytes with their type",
    (data) => `map[string][]byte{"a":[]byte{${hexOf(data, "0x").join(", ")}}}`,
  ],
  ["as bytes of several lines", (data) => JSON.stringify(bytesOf(atob(data)), null, 1)],
  [
    "as Rust shows bytes",
    (data) => `Some(\n    [\n        ${bytesOf(atob(data)).join(",\n        ")}`,
  ],
  [
    "as bytes of several lines in JSON",
    (data) => JSON.stringify({ a: JSON.stringify(bytesOf(atob(data)), null, 2) }),
  ],
  ["in hexadecimal digits", (data) => hexOf(data).join("")],
  ["in capital hexadecimal digits", (data) => hexOf(data).join("").toUpperCase()],
  ["in base64 of a JSON string", (data) => base64(JSON.stringify(atob(data)))],
  ["in base64 of a header", (data) => base64(`Bearer ${data}`)],
  ["in base64 of a sentence and base64", (data) => base64(`x ${data}`)],
  ["in base64 of two letters and base64", (data) => base64(`xy${data}`)],
  ["in base64 thrice", (data) => base64(base64(data))],
  ["in base64 of lines of a diff", (data) => `+ ${folded(data, 76, "\n+ ")}`],
  ["in base64 of lines of a table", (data) => `| ${folded(data, 64, "\n| ")}`],
  ["in base64 of lines of an indented diff", (data) => `+   ${folded(data, 24, "\n+   ")}`],
  ["in base64 of quoted lines in JSON", (data) => JSON.stringify(folded(data, 76, "\n  > "))],
];

const WIDTH = 16;

/**
 * Every piece of a credential by which it could be told, in each of its encodings. What any JWT and
 * any dockerconfigjson begin with is none.
 */
function piecesOf(data: string): string[] {
  const config = atob(data);
  const { auths } = JSON.parse(config);
  const [{ auth, password }] = Object.values(auths) as [{ auth: string; password: string }];
  const [, payload = "", signature = ""] = password.split(".");
  const secrets = [payload, signature, auth.slice(80), data.slice(40), base64(data).slice(60)];
  const written = [...secrets, asUrl(data).slice(40)];
  const bytes = bytesOf(config).join(" ").slice(200);
  const hex = hexOf(data).join("").slice(100);
  const deep = [0, 1, 2].flatMap((shift) => {
    const once = base64(data.slice(40 + shift));
    return [
      once.slice(60, -8),
      base64(once).slice(80, -8),
      base64(config.slice(40 + shift)).slice(20),
    ];
  });
  const escaped = JSON.stringify(config).slice(1, -1);
  const inString = [0, 1, 2].map((shift) => base64(escaped.slice(40 + shift)).slice(20, -8));
  const all = [...written, bytes, hex, hex.toUpperCase(), ...deep, ...inString];
  return all.flatMap((text) =>
    Array.from({ length: text.length - WIDTH }, (_, at) => text.slice(at, at + WIDTH))
  );
}

/** The same text as if nothing in it were escaped or folded. */
function plain(text: string): string {
  return text
    .replaceAll(/\\*u00([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
    .replaceAll(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
    .replaceAll(/(?:\\+[nr]|[\r\n])\s*(?:[+|>] +)?/g, "\n")
    .replaceAll(/(\d,?)\n(?=\d)/g, "$1 ")
    .replaceAll(/0x([0-9a-f]{2})(?:, ?)?/g, "$1")
    .replaceAll(/(\d),\s*(?=\d)/g, "$1 ")
    .replaceAll(/\\|\n/g, "");
}

function assertUntold(said: Record<string, string>, pieces: readonly string[]): void {
  for (const [place, text] of Object.entries(said)) {
    for (const form of [text, plain(text)]) {
      const leak = pieces.find((piece) => form.includes(piece));
      assert.equal(leak, undefined, `${place}: ${form.slice(0, 3000)}`);
    }
  }
}

/** Answers as kube-apiserver tells of a webhook's denial. */
function denial(message: string): Response {
  const body = {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code: 403,
    reason: "Forbidden",
    message: `admission webhook "show.example.com" denied the request: ${message}`,
    details: {
      kind: message,
      group: message,
      causes: [{ reason: message, message, field: message }],
    },
  };
  return Response.json(body, { status: 403 });
}

for (const [how, show] of SHOWN) {
  Deno.test(`secrets: a webhook that shows the Secret ${how} tells nobody of it`, async () => {
    await using rig = await new TellingRig().start();
    let data = "";
    rig.admit = async (request) => {
      if (request.method !== "POST" || !request.url.includes("/secrets")) return undefined;
      data = (await request.json()).data[".dockerconfigjson"];
      return denial(`no such Secret: ${show(data)} is forbidden here.`);
    };
    await rig.reconcile();
    assert.equal(rig.ready().reason, "PolicyDenied");
    const said = rig.said();
    for (const place of ["log", "event", "status", "error"] as const) {
      assert.match(said[place], /no such Secret: .*\[redacted\]/s, place);
    }
    const pieces = piecesOf(data);
    assert.ok(pieces.length > 300 && new Set(pieces).size > 200);
    assertUntold(said, pieces);
  });
}

Deno.test("secrets: the check sees each of these where nothing masks it", () => {
  const password = `${base64('{"alg":"none"}')}.${base64('{"aud":"a","sub":"someone"}')}.${
    "s1gn".repeat(20)
  }`;
  const entry = { username: "0", password, auth: base64(`0:${password}`) };
  const data = base64(JSON.stringify({ auths: { [SERVER]: entry } }));
  for (const [how, show] of SHOWN) {
    const check = () => assertUntold({ place: show(data) }, piecesOf(data));
    assert.throws(check, assert.AssertionError, how);
  }
});
