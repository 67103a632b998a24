/**
 * The name among `known` that a person most likely meant by `given`, or undefined when none is near:
 * at most a third of its letters may be added, dropped, changed, or swapped with a neighbour.
 */
export function suggest(given: string, known: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let smallest = Infinity;
  for (const name of known) {
    const farthest = Math.max(1, Math.floor(name.length / 3));
    // Every letter is one edit away from a name of one letter.
    if (farthest >= name.length) continue;
    // Each letter that one has more is an edit.
    if (Math.abs(given.length - name.length) > farthest) continue;
    const distance = editDistance(given.toLowerCase(), name);
    if (distance < smallest && distance <= farthest) {
      nearest = name;
      smallest = distance;
    }
  }
  return nearest;
}

/** Optimal string alignment distance: edits of one letter, and swaps of two neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] &&
        a[row - 2] === b[column - 1];
      current[column] = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (same ? 0 : 1),
        swapped ? beforeLast[column - 2]! + 1 : Infinity,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}
