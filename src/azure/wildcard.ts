/** How much work may still be done for one who asks. */
export class Steps {
  /** Negative once more was wanted than there was. */
  left: number;

  constructor(most: number) {
    this.left = most;
  }

  /** Whether more was wanted than there was. */
  get areSpent(): boolean {
    return this.left < 0;
  }
}

const STAR = 0x2a;

/**
 * Whether a name, in which each `*` stands for any text, covers another. A registry may answer to a
 * name with wildcards by the repositories that it found, or by the wildcard itself. Each comparison
 * of two characters is one of the `steps`; it is false once they are spent.
 */
export function covers(pattern: string, name: string, steps: Steps): boolean {
  let at = 0;
  let inName = 0;
  /** What follows the last star, and where in the name it was last tried. */
  let afterStar: number | undefined;
  let tried = 0;
  let { left } = steps;
  for (; inName < name.length && left >= 0; left--) {
    const wanted = pattern.charCodeAt(at);
    if (wanted === STAR) {
      afterStar = ++at;
      tried = inName;
    } else if (wanted === name.charCodeAt(inName)) {
      at++;
      inName++;
    } else if (afterStar !== undefined) {
      at = afterStar;
      inName = ++tried;
    } else break;
  }
  steps.left = left;
  if (inName < name.length) return false;
  while (pattern.charCodeAt(at) === STAR) at++;
  return at === pattern.length;
}
