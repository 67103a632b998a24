import { sha224 } from "@noble/hashes/sha2.js";

/** The longest name of an object (DNS subdomain, RFC 1123). */
export const LONGEST_NAME = 253;
/** The longest value of a label. */
export const LONGEST_LABEL = 63;
export const HASH_LENGTH = 10;

/** Marks of the Secrets' names, by API. */
export const V1BETA1_SUFFIX = "-msi-acrpull-secret";
export const V1BETA2_PREFIX = "acr-pull-";
/** The reference cuts names of v1beta2 here: 253 less 10 for the prefix and 10 for the hash. */
export const V1BETA2_CUT = 233;

/** base36(sha224(text)), in base 36 as Go's big.Int prints it. */
export function hash(text: string): string {
  const digest = sha224(new TextEncoder().encode(text));
  return BigInt(`0x${digest.toHex()}`).toString(36);
}

/**
 * The Secret of a v1beta1 binding: `<binding>-msi-acrpull-secret`. The reference cannot serve names
 * of more than 234 characters; here these are cut like those of v1beta2.
 */
export function v1beta1SecretName(binding: string): string {
  const room = LONGEST_NAME - V1BETA1_SUFFIX.length;
  return `${cut(binding, room, room - HASH_LENGTH - 1)}${V1BETA1_SUFFIX}`;
}

/** The Secret of a v1beta2 binding: `acr-pull-<binding>`, cut where the reference cuts it. */
export function v1beta2SecretName(binding: string): string {
  return `${V1BETA2_PREFIX}${cut(binding, V1BETA2_CUT, V1BETA2_CUT)}`;
}

/** Value of the label that leads from a Secret to its binding: the name, cut to what fits. */
export function labelValue(binding: string): string {
  return cut(binding, LONGEST_LABEL, LONGEST_LABEL - HASH_LENGTH - 1);
}

function cut(name: string, room: number, kept: number): string {
  if (name.length <= room) return name;
  // A dot may not stand before a dash.
  return `${name.slice(0, kept).replace(/\.$/, "")}-${hash(name).slice(0, HASH_LENGTH)}`;
}

/**
 * Whose an image pull secret is by its name. A name that has both marks counts as v1beta2's, as in
 * the reference.
 */
export function kindOfReference(name: string): "v1beta1" | "v1beta2" | "other" {
  if (name.startsWith(V1BETA2_PREFIX)) return "v1beta2";
  return name.endsWith(V1BETA1_SUFFIX) ? "v1beta1" : "other";
}
