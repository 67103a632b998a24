import { visible } from "../../runtime/text/visible.ts";
import type { LogEntry, LogFields } from "./logger.ts";
import { type LogOptions, reaches, type TimeEncoding } from "./log_options.ts";
import { maskSecrets, namesSecret, SHOWN } from "../../runtime/masking/mask.ts";
import { type Plain, sanitize, sanitizeText } from "./sanitize.ts";

/** No line is longer, in bytes of UTF-8: container runtimes split lines at 16 KiB. */
export const LONGEST_LINE = 16_384;

const encoder = new TextEncoder();

const RESERVED = ["ts", "level", "msg", "truncated"];
const FIRST = ["namespace", "name"];

/** One entry as one line without its line break: a JSON object, or text for a terminal. */
export function logLine(entry: LogEntry, options: LogOptions): string {
  const time = encodeTime(entry.time, options.timeEncoding);
  const message = sanitizeText(entry.message);
  const fields = plainFields(entry.fields, reaches(entry.level, options.stacktraceLevel));
  return options.format === "json"
    ? jsonLine([["ts", time], ["level", entry.level], ["msg", message]], fields)
    : textLine(`${time} ${entry.level.toUpperCase().padEnd(5)} ${onOneLine(message)}`, fields);
}

function plainFields(fields: LogFields, stacks: boolean): [string, Plain][] {
  const plain: [string, Plain][] = [];
  const add = (name: string) => {
    const value = fields[name];
    if (value === undefined) return;
    plain.push([
      maskSecrets(RESERVED.includes(name) ? `${name}_` : name),
      namesSecret(name) ? SHOWN : sanitize(value, stacks),
    ]);
  };
  FIRST.forEach(add);
  for (const name of Object.keys(fields)) if (!FIRST.includes(name)) add(name);
  return plain;
}

function jsonLine(head: [string, Plain][], fields: [string, Plain][]): string {
  const member = ([name, value]: [string, Plain]) =>
    visible(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const start = head.map(member).join(",");
  return `{${bounded(start, fields.map(member), ",", `"truncated":true`)}}`;
}

function textLine(head: string, fields: [string, Plain][]): string {
  const shown = fields.map(([name, value]) => `${onOneLine(name)}=${textValue(value)}`);
  return bounded(head, shown, " ", "truncated=true");
}

/** Joins what fits. What does not is left out, and `mark` says so. */
function bounded(start: string, parts: string[], separator: string, mark: string): string {
  let room = LONGEST_LINE - mark.length - 4 - sizeOf(start);
  let line = start;
  let complete = true;
  for (const part of parts) {
    const size = sizeOf(part) + separator.length;
    if (size > room) complete = false;
    else {
      line += separator + part;
      room -= size;
    }
  }
  return complete ? line : line + separator + mark;
}

function sizeOf(text: string): number {
  return /^[\x20-\x7e]*$/.test(text) ? text.length : encoder.encode(text).length;
}

function textValue(value: Plain): string {
  const text = typeof value === "string" ? value : errorText(value) ?? JSON.stringify(value);
  return /^[\w./:@+-]+$/.test(text) ? text : visible(JSON.stringify(text));
}

/** `Name: message (cause)`, and the stack instead where there is one. */
function errorText(value: Plain): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { name, message, stack, cause } = value;
  if (typeof name !== "string" || typeof message !== "string") return undefined;
  const own = typeof stack === "string" ? stack : `${name}: ${message}`;
  if (cause === undefined) return own;
  return `${own} (cause: ${errorText(cause) ?? JSON.stringify(cause)})`;
}

function onOneLine(text: string): string {
  return visible(text.replaceAll("\n", "\\n").replaceAll("\r", "\\r"));
}

/** `ms` since the epoch, in the encodings of zap, always in UTC. */
export function encodeTime(ms: number, encoding: TimeEncoding): string | number {
  const iso = () => new Date(ms).toISOString();
  switch (encoding) {
    case "epoch":
      return ms / 1000;
    case "millis":
      return ms;
    case "nanos":
      // Past 2^53, but JavaScript prints the shortest digits: those of ms, then zeros.
      return Math.trunc(ms) * 1e6;
    case "iso8601":
      return iso();
    case "rfc3339":
      return iso().replace(/\.\d+Z$/, "Z");
    case "rfc3339nano":
      return iso().replace(/\.?0{0,3}Z$/, "Z");
  }
}
