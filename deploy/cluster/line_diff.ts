const CONTEXT = 2;

type Line = { readonly mark: " " | "-" | "+"; readonly text: string };

/**
 * The lines by which two texts differ, marked `-` and `+`, each with the lines around it, and `...`
 * for those left out. Empty for equal texts.
 */
export function lineDiff(before: readonly string[], after: readonly string[]): readonly string[] {
  const lines = compare(before, after);
  if (lines.every(({ mark }) => mark === " ")) return [];
  const near = lines.map((_, at) =>
    lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(({ mark }) => mark !== " ")
  );
  return lines.flatMap(({ mark, text }, at) => {
    if (near[at]) return [`${mark} ${text}`];
    return at > 0 && near[at - 1] ? ["  ..."] : [];
  });
}

/** A shortest edit by longest common subsequence; manifests are short enough for its square. */
function compare(before: readonly string[], after: readonly string[]): readonly Line[] {
  const common = commonLengths(before, after);
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const old = before[i];
    const fresh = after[j];
    if (old !== undefined && old === fresh) {
      lines.push({ mark: " ", text: old });
      i += 1;
      j += 1;
    } else if (old !== undefined && common[i + 1]![j]! >= (common[i]![j + 1] ?? -1)) {
      lines.push({ mark: "-", text: old });
      i += 1;
    } else {
      lines.push({ mark: "+", text: fresh! });
      j += 1;
    }
  }
  return lines;
}

/** How many lines the rests from (i, j) on have in common. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint16Array[] {
  const lengths = Array.from(
    { length: before.length + 1 },
    () => new Uint16Array(after.length + 1),
  );
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      lengths[i]![j] = before[i] === after[j]
        ? lengths[i + 1]![j + 1]! + 1
        : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  return lengths;
}
