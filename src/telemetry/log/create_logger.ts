import {
  configureSync,
  getLogger,
  type LogLevel as TapeLevel,
  type LogRecord,
} from "@logtape/logtape";
import type { Clock } from "../../runtime/time/clock.ts";
import { type LogEntry, type Logger, loggerOver } from "./logger.ts";
import { logLine } from "./log_line.ts";
import { type LogLevel, type LogOptions, type LogThreshold, reaches } from "./log_options.ts";

const CATEGORY = "acrpull";

const TAPE_LEVELS: Readonly<Record<LogThreshold, TapeLevel | null>> = {
  debug: "debug",
  info: "info",
  warn: "warning",
  error: "error",
  panic: null,
};
const LEVELS: Partial<Record<TapeLevel, LogLevel>> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warning: "warn",
  error: "error",
  fatal: "error",
};

/** What `createLogger` needs. */
export interface LoggerOptions extends LogOptions {
  /** Takes one line without its line break, and must not throw: see line_writer.ts. */
  readonly write: (line: string) => void;
  readonly clock: Pick<Clock, "now">;
}

/**
 * The process's logger. LogTape, which carries the lines, has one configuration a process: main
 * calls this once, and a later call redirects the loggers of an earlier one.
 */
export function createLogger(options: LoggerOptions): Logger {
  configureSync({
    reset: true,
    sinks: {
      lines: ({ rawMessage }) => options.write(String(rawMessage)),
      own: (record) => options.write(logLine(entryOf(record), options)),
    },
    loggers: [
      { category: CATEGORY, sinks: ["lines"], lowestLevel: TAPE_LEVELS[options.level] },
      { category: ["logtape", "meta"], sinks: ["own"], lowestLevel: "warning" },
    ],
  });
  const tape = getLogger(CATEGORY);
  return loggerOver((entry) => {
    if (!reaches(entry.level, options.level)) return;
    const line = logLine(entry, options);
    // The line goes as a whole: LogTape copies what properties hold, at twice the cost of the line.
    // emit() and not info(): braces in a message are text here, never placeholders.
    const record = {
      category: tape.category,
      level: TAPE_LEVELS[entry.level]!,
      timestamp: entry.time,
      message: [line],
      rawMessage: line,
      properties: NOTHING,
    };
    tape.emit(record);
  }, options.clock);
}

const NOTHING = {};

/** What LogTape has to say of itself. */
function entryOf({ level, timestamp, rawMessage, properties }: LogRecord): LogEntry {
  return {
    level: LEVELS[level] ?? "info",
    time: timestamp,
    message: String(rawMessage),
    fields: properties,
  };
}
