import assert from "node:assert/strict";
import { loggerOver } from "../../src/telemetry/log/logger.ts";
import { LogTail } from "./log_tail.ts";

const TOKEN = "opaque-registry-token";
const USER = "00000000-0000-0000-0000-000000000000";
const clock = { now: () => Date.UTC(2026, 5, 1, 12) };

function tailOf(write: (log: ReturnType<typeof loggerOver>) => void): LogTail {
  const tail = new LogTail("demo");
  write(loggerOver(tail.add, clock));
  return tail;
}

Deno.test("log: shows the last lines, less the date and the demo's namespace", () => {
  const tail = tailOf((log) => {
    log.info("first");
    log.debug("not for a terminal");
    log.info("second", { namespace: "demo", name: "a" });
    log.warn("third", { namespace: "other", name: "b" });
  });
  assert.deepEqual(tail.lines(2), [
    "12:00:00Z INFO  second name=a",
    "12:00:00Z WARN  third namespace=other name=b",
  ]);
  assert.equal(tail.count, 4);
});

const LEAKS: readonly { name: string; fields: Record<string, unknown> }[] = [
  { name: "as it is", fields: { answer: `got ${TOKEN}.` } },
  { name: "within an object", fields: { deep: { deeper: [{ token: TOKEN }] } } },
  { name: "in an error's message", fields: { error: new Error(`refused ${TOKEN}`) } },
  { name: "in an error's cause", fields: { error: new Error("x", { cause: new Error(TOKEN) }) } },
  { name: "in base64", fields: { data: btoa(TOKEN) } },
  { name: "as in a Secret", fields: { auth: btoa(`${USER}:${TOKEN}`) } },
  { name: "of another's, by its shape", fields: { answer: "eyJhbGciOiJub25lIn0.e30.c2ln" } },
];

for (const { name, fields } of LEAKS) {
  Deno.test(`log: finds a token ${name}`, () => {
    assert.deepEqual(tailOf((log) => log.debug("said", fields)).leaks([TOKEN]), ["said"]);
  });
}

Deno.test("log: finds no token where there is none", () => {
  assert.deepEqual(tailOf((log) => log.info("said", { secret: "acr-pull-a" })).leaks([TOKEN]), []);
});
