import assert from "node:assert/strict";
import { createLogger } from "../../../../src/telemetry/log/create_logger.ts";
import { type LogEntry, type Logger, loggerOver } from "../../../../src/telemetry/log/logger.ts";
import type { LogOptions } from "../../../../src/telemetry/log/log_options.ts";

const clock = { now: () => 1500 };
const OPTIONS: LogOptions = {
  format: "json",
  level: "debug",
  stacktraceLevel: "panic",
  timeEncoding: "epoch",
};

/** The lines that `work` causes at these options. */
function lines(options: Partial<LogOptions>, work: (logger: Logger) => void): string[] {
  const written: string[] = [];
  const write = (line: string) => void written.push(line);
  work(createLogger({ ...OPTIONS, ...options, write, clock }));
  return written;
}

function oneOfEach(logger: Logger): void {
  logger.debug("d");
  logger.info("i");
  logger.warn("w");
  logger.error("e");
}

Deno.test("logger: entries carry time, level, message and the fields of all ancestors", () => {
  const entries: LogEntry[] = [];
  const logger = loggerOver((entry) => void entries.push(entry), clock);
  const bound = logger.with({ namespace: "a", name: "b" }).with({ name: "c" });
  bound.warn("late", { name: "d", by: 3 });
  bound.debug("again");
  logger.info("bare");
  assert.deepEqual(entries, [
    { level: "warn", time: 1500, message: "late", fields: { namespace: "a", name: "d", by: 3 } },
    { level: "debug", time: 1500, message: "again", fields: { namespace: "a", name: "c" } },
    { level: "info", time: 1500, message: "bare", fields: {} },
  ]);
});

Deno.test("logger: writes one line per entry, in both formats", () => {
  const work = (logger: Logger) => logger.with({ name: "b" }).info("minted", { seconds: 2 });
  assert.deepEqual(lines({}, work), [
    '{"ts":1.5,"level":"info","msg":"minted","name":"b","seconds":2}',
  ]);
  assert.deepEqual(lines({ format: "text" }, work), ["1.5 INFO  minted name=b seconds=2"]);
});

Deno.test("logger: braces in a message are no placeholders", () => {
  const work = (logger: Logger) => logger.info('got {"name":1} {name} {{', { name: "b" });
  assert.deepEqual(lines({ format: "text" }, work), ['1.5 INFO  got {"name":1} {name} {{ name=b']);
});

Deno.test("logger: writes from its level on, and nothing at panic", () => {
  const at = (level: LogOptions["level"]) =>
    lines({ level }, oneOfEach).map((line) => JSON.parse(line).level);
  assert.deepEqual(at("debug"), ["debug", "info", "warn", "error"]);
  assert.deepEqual(at("info"), ["info", "warn", "error"]);
  assert.deepEqual(at("warn"), ["warn", "error"]);
  assert.deepEqual(at("error"), ["error"]);
  assert.deepEqual(at("panic"), []);
});

Deno.test("logger: each writes to its own place, whoever was made after it", () => {
  const [first, second]: [string[], string[]] = [[], []];
  const one = createLogger({ ...OPTIONS, write: (line) => void first.push(line), clock });
  const other = createLogger({ ...OPTIONS, write: (line) => void second.push(line), clock });
  one.info("a");
  other.info("b");
  assert.deepEqual([first.length, second.length], [1, 1]);
});
