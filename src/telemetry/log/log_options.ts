/** How grave a line is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** The least grave level that counts. Nothing is as grave as `panic`, so it means never. */
export type LogThreshold = LogLevel | "panic";

/** Time as seconds, milliseconds or nanoseconds since 1970, or as text in UTC. */
export type TimeEncoding = "epoch" | "millis" | "nanos" | "iso8601" | "rfc3339" | "rfc3339nano";

/** What is written, and in which form. */
export interface LogOptions {
  readonly format: "json" | "text";
  readonly level: LogThreshold;
  /** From this level on, errors are written with their stack. */
  readonly stacktraceLevel: LogThreshold;
  readonly timeEncoding: TimeEncoding;
}

const ORDER: readonly LogThreshold[] = ["debug", "info", "warn", "error", "panic"];

/** Whether a line of `level` is at least as grave as `threshold`. */
export function reaches(level: LogLevel, threshold: LogThreshold): boolean {
  return ORDER.indexOf(level) >= ORDER.indexOf(threshold);
}
