/**
 * `text` with A to Z in lower case, and all else as it is. Unicode's folding makes `k` of the Kelvin
 * sign (U+212A) and `s` of the long s (U+017F), so that two texts which others tell apart would be
 * one to the operator.
 */
export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
