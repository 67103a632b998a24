import assert from "node:assert/strict";
import fc from "fast-check";
import type { LogEntry } from "../../../../src/telemetry/log/logger.ts";
import { encodeTime, logLine, LONGEST_LINE } from "../../../../src/telemetry/log/log_line.ts";
import type { LogOptions } from "../../../../src/telemetry/log/log_options.ts";

const JSON_FORM: LogOptions = {
  format: "json",
  level: "debug",
  stacktraceLevel: "panic",
  timeEncoding: "iso8601",
};
const TEXT_FORM: LogOptions = { ...JSON_FORM, format: "text" };

const entry = (fields: Record<string, unknown>, message = "minted"): LogEntry => ({
  level: "info",
  time: Date.UTC(2026, 0, 2, 3, 4, 5, 60),
  message,
  fields,
});

const failure = new Error("denied", { cause: new TypeError("no route") });
failure.stack = "Error: denied\n    at mint (a.ts:1:1)";

const CASES: { name: string; entry: LogEntry; json: string; text: string }[] = [
  {
    name: "a message alone",
    entry: entry({}),
    json: '{"ts":"2026-01-02T03:04:05.060Z","level":"info","msg":"minted"}',
    text: "2026-01-02T03:04:05.060Z INFO  minted",
  },
  {
    name: "namespace and name come first, undefined fields are left out",
    entry: entry({ kind: "acr", name: "b", gone: undefined, namespace: "team-a" }),
    json: '{"ts":"2026-01-02T03:04:05.060Z","level":"info","msg":"minted",' +
      '"namespace":"team-a","name":"b","kind":"acr"}',
    text: "2026-01-02T03:04:05.060Z INFO  minted namespace=team-a name=b kind=acr",
  },
  {
    name: "values are quoted in text where they would be ambiguous",
    entry: entry({ empty: "", spaced: "a b", list: [1, "x"], quoted: 'a"b', at: 1.5, on: true }),
    json: '{"ts":"2026-01-02T03:04:05.060Z","level":"info","msg":"minted","empty":"",' +
      '"spaced":"a b","list":[1,"x"],"quoted":"a\\"b","at":1.5,"on":true}',
    text: '2026-01-02T03:04:05.060Z INFO  minted empty="" spaced="a b" list="[1,\\"x\\"]" ' +
      'quoted="a\\"b" at=1.5 on=true',
  },
  {
    name: "an error shows name, message and cause",
    entry: { ...entry({ error: failure }), level: "error" },
    json: '{"ts":"2026-01-02T03:04:05.060Z","level":"error","msg":"minted","error":{' +
      '"name":"Error","message":"denied","cause":{"name":"TypeError","message":"no route"}}}',
    text: "2026-01-02T03:04:05.060Z ERROR minted " +
      'error="Error: denied (cause: TypeError: no route)"',
  },
  {
    name: "fields that bear the line's own names are renamed",
    entry: entry({ msg: 1, ts: 2, level: 3, truncated: 4 }),
    json: '{"ts":"2026-01-02T03:04:05.060Z","level":"info","msg":"minted","msg_":1,"ts_":2,' +
      '"level_":3,"truncated_":4}',
    text: "2026-01-02T03:04:05.060Z INFO  minted msg_=1 ts_=2 level_=3 truncated_=4",
  },
  {
    name: "line breaks, escape sequences and direction marks are escaped",
    entry: entry({ "k\n": "\u001b[2J\u009b\u2028\u202e" }, "a\nb\r\u001b[31m"),
    json: '{"ts":"2026-01-02T03:04:05.060Z","level":"info","msg":"a\\nb\\r\\u001b[31m",' +
      '"k\\n":"\\u001b[2J\\u009b\\u2028\\u202e"}',
    text: "2026-01-02T03:04:05.060Z INFO  a\\nb\\r\\u001b[31m " +
      'k\\n="\\u001b[2J\\u009b\\u2028\\u202e"',
  },
];

for (const { name, entry, json, text } of CASES) {
  Deno.test(`log line: ${name}`, () => {
    assert.equal(logLine(entry, JSON_FORM), json);
    assert.equal(logLine(entry, TEXT_FORM), text);
  });
}

Deno.test("log line: the stack is shown from its level on", () => {
  const failed: LogEntry = { ...entry({ error: failure }), level: "warn" };
  const shows = (stacktraceLevel: LogOptions["stacktraceLevel"]) =>
    [JSON_FORM, TEXT_FORM].map((form) =>
      logLine(failed, { ...form, stacktraceLevel }).includes("\\n    at mint (a.ts:1:1)")
    );
  assert.deepEqual(shows("info"), [true, true]);
  assert.deepEqual(shows("warn"), [true, true]);
  assert.deepEqual(shows("error"), [false, false]);
  assert.deepEqual(shows("panic"), [false, false]);
});

Deno.test("log line: time is encoded as zap encodes it, in UTC", () => {
  const at = (ms: number) =>
    (["epoch", "millis", "nanos", "iso8601", "rfc3339", "rfc3339nano"] as const).map((encoding) =>
      JSON.stringify(encodeTime(ms, encoding))
    );
  assert.deepEqual(at(1767323045060), [
    "1767323045.06",
    "1767323045060",
    "1767323045060000000",
    '"2026-01-02T03:04:05.060Z"',
    '"2026-01-02T03:04:05Z"',
    '"2026-01-02T03:04:05.06Z"',
  ]);
  assert.equal(encodeTime(1767323040000, "rfc3339nano"), "2026-01-02T03:04:00Z");
});

Deno.test("log line: a field that does not fit is left out, and the line says so", () => {
  const big = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [`f${index}`, "x".repeat(2000)]),
  );
  const line = logLine(entry({ ...big, last: "y" }), JSON_FORM);
  const { ts: _, level: __, msg: ___, ...fields } = JSON.parse(line);
  assert.deepEqual(Object.keys(fields), [
    ...Array.from({ length: 8 }, (_, index) => `f${index}`),
    "last",
    "truncated",
  ]);
  assert.ok(logLine(entry(big), TEXT_FORM).endsWith(" truncated=true"));
});

Deno.test("log line: its bound is one of bytes", () => {
  const text = "\u4e2d".repeat(2048);
  const fields = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`f${index}`, text]));
  for (const form of [JSON_FORM, TEXT_FORM]) {
    const line = logLine(entry(fields, text), form);
    const size = new TextEncoder().encode(line).length;
    assert.ok(size <= LONGEST_LINE && size > LONGEST_LINE - 3 * 2100, `${size}`);
    assert.match(line, /truncated/);
  }
});

Deno.test("log line: whatever is logged, one bounded line of valid form comes out", () => {
  const fields = fc.dictionary(fc.string({ unit: "binary" }), fc.anything(), { maxKeys: 20 });
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("\u0000".repeat(5000), "\ud800", "\u202e".repeat(4000)),
  );
  fc.assert(
    fc.property(fields, text, (fields, message) => {
      const line = logLine(entry({ ...fields, message }, message), JSON_FORM);
      assert.equal(typeof JSON.parse(line).msg, "string");
      for (const each of [line, logLine(entry({ ...fields, message }, message), TEXT_FORM)]) {
        assert.ok(each.length <= LONGEST_LINE, `${each.length}`);
        // deno-lint-ignore no-control-regex
        assert.doesNotMatch(each, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
      }
    }),
  );
});
