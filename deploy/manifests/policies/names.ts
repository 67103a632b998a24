import { V1BETA1_SUFFIX, V1BETA2_PREFIX } from "../../../src/controller/names.ts";

/** For messages: the names that the operator gives to Secrets. */
export const OUR_NAMES = `${V1BETA2_PREFIX}* or *${V1BETA1_SUFFIX}`;

/** An expression by which the name, itself an expression, is one that the operator gives. */
export function isOurName(name: string): string {
  return `(${name}.startsWith('${V1BETA2_PREFIX}') || ${name}.endsWith('${V1BETA1_SUFFIX}'))`;
}
