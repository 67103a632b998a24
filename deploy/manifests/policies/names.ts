import { V1BETA1_SUFFIX } from "../../../src/controller/binding/v1beta1.ts";
import { V1BETA2_CUT, V1BETA2_PREFIX } from "../../../src/controller/binding/v1beta2.ts";
import { HASH_LENGTH, LONGEST_LABEL, LONGEST_NAME } from "../../../src/controller/names.ts";

/** For messages: the names that the operator gives to Secrets. */
export const OUR_NAMES = `${V1BETA2_PREFIX}* or *${V1BETA1_SUFFIX}`;

/** An expression by which the name, itself an expression, is one that the operator gives. */
export function isOurName(name: string): string {
  return `(${name}.startsWith('${V1BETA2_PREFIX}') || ${name}.endsWith('${V1BETA1_SUFFIX}'))`;
}

const V1BETA1_ROOM = LONGEST_NAME - V1BETA1_SUFFIX.length;

/**
 * An expression by which a Secret's name is the one for its owner, an AcrPullBinding of either API;
 * all three are expressions. CEL knows no hash, so of a binding's name that is cut only what is
 * kept of it must be there.
 */
export function isNameFor(secret: string, owner: string): string {
  const { prefix, suffix } = { prefix: `'${V1BETA2_PREFIX}'`, suffix: `'${V1BETA1_SUFFIX}'` };
  const v1beta1 = fits(secret, `${owner}.name`, V1BETA1_ROOM, hashed(V1BETA1_ROOM), { suffix });
  const v1beta2 = fits(secret, `${owner}.name`, V1BETA2_CUT, V1BETA2_CUT, { prefix });
  return `(${owner}.apiVersion == 'msi-acrpull.microsoft.com/v1beta1' ? ${v1beta1} : ` +
    `${owner}.apiVersion == 'acrpull.microsoft.com/v1beta2' && ${v1beta2})`;
}

/** An expression by which a label's value is the one for a binding's name, as far as CEL can say. */
export function isLabelFor(value: string, binding: string): string {
  return fits(value, binding, LONGEST_LABEL, hashed(LONGEST_LABEL), {});
}

/** How much of a name stays beside its hash. */
function hashed(room: number): number {
  return room - HASH_LENGTH - 1;
}

/** A dot at the end of what is kept is dropped, so the last character is not looked at. */
function fits(
  text: string,
  name: string,
  room: number,
  kept: number,
  { prefix = "''", suffix = "''" },
): string {
  return `(${name}.size() <= ${room} ? ${text} == ${prefix} + ${name} + ${suffix} : ` +
    `${text}.startsWith(${prefix} + ${name}.substring(0, ${kept - 1})) && ` +
    `${text}.endsWith(${suffix}))`;
}
