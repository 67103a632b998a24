import type { LogOptions, LogThreshold, TimeEncoding } from "../../telemetry/log/log_options.ts";
import type { Given, ParsedFlags } from "./flags.ts";
import type { FLAGS } from "./flag_table.ts";
import { quote } from "../../runtime/text/quote.ts";

type GivenFlags = ParsedFlags<typeof FLAGS>["given"];

const FORMATS: Readonly<Record<string, LogOptions["format"]>> = { json: "json", text: "text" };
/** What each word of `--zap-encoder` means. */
export const ENCODERS: Readonly<Record<string, LogOptions["format"]>> = {
  json: "json",
  console: "text",
};
const LEVELS = levels("debug", "info", "warn", "error");
/** What each word of `--zap-log-level` means. */
export const ZAP_LEVELS: Readonly<Record<string, LogThreshold>> = levels(
  "debug",
  "info",
  "error",
  "panic",
);
/** What each word of `--zap-stacktrace-level` means. */
export const STACKTRACE_LEVELS: Readonly<Record<string, LogThreshold>> = levels(
  "info",
  "error",
  "panic",
);
/** What each word of `--zap-time-encoding` means. */
export const TIME_ENCODINGS: Readonly<Record<string, TimeEncoding>> = {
  epoch: "epoch",
  millis: "millis",
  nanos: "nanos",
  // The Go implementation's help names this one, its parser the one above.
  nano: "nanos",
  iso8601: "iso8601",
  rfc3339: "rfc3339",
  rfc3339nano: "rfc3339nano",
};

function levels<L extends LogThreshold>(...names: L[]): Readonly<Record<string, LogThreshold>> {
  return Object.fromEntries(names.map((name) => [name, name]));
}

/** Folds both families of logging flags, this program's and zap's, into one value. */
export function logOptions(given: GivenFlags, errors: string[]): LogOptions {
  const devel = given["zap-devel"]?.value ?? false;
  const format = agreed(
    choice(given["log-format"], FORMATS, errors),
    choice(given["zap-encoder"], ENCODERS, errors),
    errors,
  );
  const level = agreed(
    choice(given["log-level"], LEVELS, errors),
    zapLevel(given["zap-log-level"], errors),
    errors,
  );
  return {
    format: format ?? (devel ? "text" : "json"),
    level: level ?? (devel ? "debug" : "info"),
    stacktraceLevel: choice(given["zap-stacktrace-level"], STACKTRACE_LEVELS, errors)?.value ??
      (devel ? "warn" : "panic"),
    timeEncoding: choice(given["zap-time-encoding"], TIME_ENCODINGS, errors)?.value ?? "iso8601",
  };
}

interface Chosen<V> {
  readonly value: V;
  readonly shown: string;
}

function choice<V>(
  flag: Given<string> | undefined,
  choices: Readonly<Record<string, V>>,
  errors: string[],
  also = "",
): Chosen<V> | undefined {
  if (flag === undefined) return undefined;
  const name = flag.value.toLowerCase();
  const shown = `${flag.spelling}=${flag.value}`;
  if (Object.hasOwn(choices, name)) return { value: choices[name]!, shown };
  const names = Object.keys(choices);
  const remedy = `${names.slice(0, -1).join(", ")} or ${names.at(-1)}${also}`;
  errors.push(`${flag.spelling}=${quote(flag.value)} is not known: write ${remedy}.`);
  return undefined;
}

/** zap's levels below debug are finer than any that this program writes: they all show debug. */
function zapLevel(flag: Given<string> | undefined, errors: string[]) {
  if (flag !== undefined && /^\+?0*[1-9]\d*$/.test(flag.value)) {
    return { value: "debug" as const, shown: `${flag.spelling}=${flag.value}` };
  }
  return choice(flag, ZAP_LEVELS, errors, ", or an integer above 0");
}

function agreed<V>(
  own: Chosen<V> | undefined,
  zap: Chosen<V> | undefined,
  errors: string[],
): V | undefined {
  if (own !== undefined && zap !== undefined && own.value !== zap.value) {
    errors.push(`${own.shown} contradicts ${zap.shown}: give one of the two.`);
  }
  return (own ?? zap)?.value;
}
