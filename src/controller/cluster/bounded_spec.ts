import type { Overlong } from "../binding/kept.ts";
import { ELLIPSIS, start } from "../../runtime/text/cut.ts";
import { shareText } from "../../runtime/text/shared_text.ts";

/** The most characters of each string of a spec, in the spec's own shape. */
export type SpecShape = { readonly [member: string]: number | SpecShape };

/** So much is kept of a value that is too long: it is told apart, and never used. */
const KEPT = 64;

/** The shape of specs, from the generated bounds, such as `spec.acr.server` and 253. */
export function specShape(maxLengths: Readonly<Record<string, number>>): SpecShape {
  const shape: { [member: string]: unknown } = {};
  for (const [path, most] of Object.entries(maxLengths)) {
    const [root, ...members] = path.split(".");
    if (root !== "spec") continue;
    const last = members.pop()!;
    let at = shape;
    for (const member of members) at = (at[member] ??= {}) as typeof at;
    at[last] = most;
  }
  return shape as SpecShape;
}

/**
 * What is kept of a spec: the members that this release knows, which are strings, and no more of a
 * string than its beginning where it is too long, which then is in `overlong`. The reference's CRDs
 * bound nothing.
 */
export function boundedSpec(
  spec: unknown,
  shape: SpecShape,
): { readonly spec: unknown; readonly overlong: readonly Overlong[] } {
  const overlong: Overlong[] = [];
  return { spec: bounded(spec, shape, "spec", overlong), overlong };
}

/** Whether two specs of that shape, of which was kept what `boundedSpec` keeps, say the same. */
export function isSameSpec(one: unknown, other: unknown, shape: number | SpecShape): boolean {
  if (typeof shape === "number" || !isMembers(one) || !isMembers(other)) return one === other;
  return Object.entries(shape).every(([member, below]) =>
    isSameSpec(one[member], other[member], below)
  );
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function bounded(
  value: unknown,
  shape: number | SpecShape,
  field: string,
  overlong: Overlong[],
): unknown {
  if (typeof shape === "number") return boundedText(value, shape, field, overlong);
  if (!isMembers(value)) return undefined;
  const kept: Record<string, unknown> = {};
  for (const [member, below] of Object.entries(shape)) {
    const given = value[member];
    const part = bounded(given, below, `${field}.${member}`, overlong);
    if (part !== undefined) kept[member] = part;
  }
  return kept;
}

function boundedText(
  value: unknown,
  most: number,
  field: string,
  overlong: Overlong[],
): string | undefined {
  if (typeof value !== "string") return value as undefined;
  if (value.length <= most) return shareText(value);
  const length = charactersOf(value, most);
  if (length <= most) return value;
  overlong.push({ field, length, most });
  // What ends so is no name of anything.
  return start(value, KEPT) + ELLIPSIS;
}

/**
 * The characters of a text as the API server counts them: one may take two UTF-16 units. Of a text
 * that is too long however they are counted, the units.
 */
function charactersOf(text: string, most: number): number {
  if (text.length > 2 * most) return text.length;
  let pairs = 0;
  for (let at = 1; at < text.length; at++) {
    if (isLow(text.charCodeAt(at)) && isHigh(text.charCodeAt(at - 1))) pairs++;
  }
  return text.length - pairs;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
