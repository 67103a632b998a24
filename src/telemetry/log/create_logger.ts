import type { Clock } from "../../runtime/time/clock.ts";
import { logLine } from "./log_line.ts";
import { type LogOptions, reaches } from "./log_options.ts";
import { type Logger, loggerOver } from "./logger.ts";

/** What `createLogger` needs. */
export interface LoggerOptions extends LogOptions {
  /** Takes one line without its line break, and must not throw: see line_writer.ts. */
  readonly write: (line: string) => void;
  readonly clock: Pick<Clock, "now">;
}

/** A logger that writes one line for each entry of the level or graver. */
export function createLogger(options: LoggerOptions): Logger {
  return loggerOver((entry) => {
    if (reaches(entry.level, options.level)) options.write(logLine(entry, options));
  }, options.clock);
}
