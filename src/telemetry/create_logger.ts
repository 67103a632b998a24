import { configureSync, getLogger, type LogLevel as TapeLevel } from "@logtape/logtape";
import type { Clock } from "../runtime/clock.ts";
import { type LogEntry, type Logger, loggerOver } from "./log.ts";
import { logLine } from "./log_line.ts";
import type { LogLevel, LogOptions, LogThreshold } from "./log_options.ts";

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
 * The process's logger. LogTape, which carries the entries, has one configuration a process: main
 * calls this once, and a later call redirects the loggers of an earlier one.
 */
export function createLogger(options: LoggerOptions): Logger {
  configureSync({
    reset: true,
    sinks: {
      lines: ({ level, timestamp, rawMessage, properties }) => {
        const entry: LogEntry = {
          level: LEVELS[level] ?? "info",
          time: timestamp,
          message: String(rawMessage),
          fields: properties,
        };
        options.write(logLine(entry, options));
      },
    },
    loggers: [
      { category: CATEGORY, sinks: ["lines"], lowestLevel: TAPE_LEVELS[options.level] },
      { category: ["logtape", "meta"], sinks: ["lines"], lowestLevel: "warning" },
    ],
  });
  const tape = getLogger(CATEGORY);
  return loggerOver(({ level, time, message, fields }) => {
    // emit() and not info(): braces in a message are text here, never placeholders.
    tape.emit({
      level: TAPE_LEVELS[level]!,
      timestamp: time,
      message: [message],
      rawMessage: message,
      properties: fields,
    });
  }, options.clock);
}
