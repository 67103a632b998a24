import { sha224 } from "@noble/hashes/sha2.js";

/** The longest name of an object (DNS subdomain, RFC 1123). */
export const LONGEST_NAME = 253;
/** The longest value of a label. */
export const LONGEST_LABEL = 63;
export const HASH_LENGTH = 10;

/** base36(sha224(text)), in base 36 as Go's big.Int prints it. */
export function hash(text: string): string {
  const digest = sha224(new TextEncoder().encode(text));
  return BigInt(`0x${digest.toHex()}`).toString(36);
}

/** Value of the label that leads from a Secret to its binding: the name, cut to what fits. */
export function labelValue(binding: string): string {
  return shortened(binding, LONGEST_LABEL, LONGEST_LABEL - HASH_LENGTH - 1);
}

/** A name that has no more than `room` characters, or the first `kept` of it and a hash of all. */
export function shortened(name: string, room: number, kept: number): string {
  if (name.length <= room) return name;
  // A dot may not stand before a dash.
  return `${name.slice(0, kept).replace(/\.$/, "")}-${hash(name).slice(0, HASH_LENGTH)}`;
}
