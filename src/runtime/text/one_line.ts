/**
 * The text on one line: what others wrote may have several, of which kubectl's tables show the first.
 * Mask before: a credential that is folded over lines is known by its folds.
 */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
