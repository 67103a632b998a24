import type { Clock } from "../../runtime/time/clock.ts";
import type { LogLevel } from "./log_options.ts";

/** Named values beside a message. `namespace` and `name` come first on the line. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Where every layer writes what it decided. Messages are constant sentences; what varies goes into
 * fields, under names in lower camel case, an error under `error`.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each of its lines. A line's own fields win. */
  with(fields: LogFields): Logger;
}

/** One line before it is formatted. */
export interface LogEntry {
  readonly level: LogLevel;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that hands each entry to `emit`, as tests do to keep them. */
export function loggerOver(
  emit: (entry: LogEntry) => void,
  clock: Pick<Clock, "now">,
  bound: LogFields = {},
): Logger {
  const at = (level: LogLevel) => (message: string, fields: LogFields = {}) =>
    emit({ level, time: clock.now(), message, fields: { ...bound, ...fields } });
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => loggerOver(emit, clock, { ...bound, ...fields }),
  };
}
