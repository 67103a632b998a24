import { LONGEST_NAME } from "../names.ts";

/**
 * The names in an account's imagePullSecrets that may be ours, where these are many: a number for
 * each, in ascending order, in 8 bytes instead of some 150.
 */
export type Crowd = Float64Array;

/**
 * An account may name so many Secrets, in so many UTF-16 units together, and be kept whole: few have
 * more, and whoever may make thousands of accounts is not to fill the memory by them. One with more
 * is read before it is written.
 */
const FEW = { names: 32, length: 4096 };

/** More bindings than one namespace has. What an account names beyond is taken not to be there. */
const MOST = 16_384;

/** Whether the names are few enough to be kept as they are. */
export function areFew(names: readonly string[]): boolean {
  return names.length <= FEW.names &&
    names.reduce((length, name) => length + name.length, 0) <= FEW.length;
}

/** The crowd of those among `names` that may be ours by the look of them. */
export function crowdOf(
  names: readonly string[],
  isSecretName: (name: string) => boolean,
): Crowd {
  const ours = names.filter((name) => name.length <= LONGEST_NAME && isSecretName(name));
  const numbers = new Float64Array(ours.length);
  for (let at = 0; at < ours.length; at++) numbers[at] = numberOf(ours[at]!);
  return numbers.slice(0, Math.min(distinct(numbers.sort()), MOST));
}

/** Brings those that differ to the front of numbers in their order. Answers how many they are. */
function distinct(numbers: Float64Array): number {
  let length = 0;
  for (let at = 0; at < numbers.length; at++) {
    const number = numbers[at]!;
    if (length === 0 || numbers[length - 1] !== number) numbers[length++] = number;
  }
  return length;
}

/** Whether the name is in the crowd; it may be wrong once in some 10^11 questions. */
export function isInCrowd(crowd: Crowd, name: string): boolean {
  const wanted = numberOf(name);
  let low = 0;
  let high = crowd.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = crowd[middle]!;
    if (found === wanted) return true;
    if (found < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}

/** A number of 53 bits, by two hashes of 32 that differ in seed and factor (FNV-1a, mixed). */
function numberOf(name: string): number {
  let one = 0x811c9dc5;
  let other = 0x9e3779b9;
  for (let index = 0; index < name.length; index++) {
    const unit = name.charCodeAt(index);
    one = Math.imul(one ^ unit, 0x01000193);
    other = Math.imul(other ^ unit, 0x85ebca6b);
  }
  one = Math.imul(one ^ (one >>> 16), 0xc2b2ae35);
  other = Math.imul(other ^ (other >>> 15), 0x2c1b3c6d);
  return ((one ^ (one >>> 13)) >>> 0) * 2 ** 21 + ((other ^ (other >>> 12)) >>> 11);
}
