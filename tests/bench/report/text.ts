import { megabytes, type Range } from "./result.ts";

/** A number with its unit. */
export function inUnit(number: string, unit: string): string {
  return `${number} ${unit}`.trimEnd();
}

/** In three digits, or as many more as it takes not to look like the limit or its other side. */
export function apart(value: number, limit: number): string {
  for (let digits = 3; digits < 17; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.sign(rounded - limit) === Math.sign(value - limit)) return `${rounded}`;
  }
  return `${value}`;
}

/** A figure for a table, with the range of its runs; empty where it was not measured. */
export function figure(value: number | undefined, unit: string, range?: Range): string {
  if (value === undefined) return "";
  const short = unit === "" ? shortest : rounded;
  const text = inUnit(short(value), unit);
  return range === undefined ? text : `${text} (${short(range[0])} to ${short(range[1])})`;
}

/** Bytes in megabytes for a table. */
export function size(bytes: number | undefined, range?: Range): string {
  if (bytes === undefined) return "";
  const text = (value: number) => megabytes(value).toFixed(1);
  return range === undefined
    ? `${text(bytes)} MB`
    : `${text(bytes)} MB (${text(range[0])} to ${text(range[1])})`;
}

/** A whole number with its thousands parted. */
export function count(value: number): string {
  return value.toLocaleString("en");
}

function rounded(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

function shortest(value: number): string {
  return `${Number(rounded(value))}`;
}
