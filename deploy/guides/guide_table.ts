const BEGIN = "<!-- deno-fmt-ignore-start -->";
// What formats these files would else align the tables anew.
const END = "<!-- deno-fmt-ignore-end -->";

/**
 * A guide's text with what the code says of it between its marks. Throws an Error that leads with
 * `path` where the guide has no such pair of marks, or several.
 */
export function withTable(guide: string, table: string, path: string): string {
  const [before, rest, ...more] = guide.split(BEGIN);
  const end = rest?.indexOf(END) ?? -1;
  if (end < 0 || more.length > 0) {
    throw new Error(`${path}: it must hold one pair of ${BEGIN} and ${END}`);
  }
  return `${before}${BEGIN}\n\n${table.trim()}\n\n${rest!.slice(end)}`;
}

/** A row of a table in Markdown. */
export function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
