/** A table under its heading. */
export interface Table {
  readonly heading: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The table in Markdown, its cells aligned as `deno fmt` aligns them. */
export function markdown({ heading, columns, rows }: Table): string {
  return [`### ${heading}`, "", markdownRows(columns, rows)].join("\n");
}

/** The same without a heading. */
export function markdownRows(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = columns.map((column, index) =>
    Math.max(3, column.length, ...rows.map((row) => row[index]!.length))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index]!)).join(" | ")} |`;
  const rule = widths.map((width) => "-".repeat(width));
  return [line(columns), line(rule), ...rows.map(line)].join("\n");
}

/** The tables of a text in Markdown, each under the heading of level 3 before it. */
export function parseTables(text: string): Table[] {
  return text.split(/^### /m).slice(1).map((part) => {
    const [heading = "", ...rest] = part.split("\n");
    const rows = rest
      .filter((line) => line.startsWith("|"))
      .map((line) => line.slice(1, -1).split("|").map((cell) => cell.trim()));
    const [columns = [], , ...body] = rows;
    return { heading, columns, rows: body };
  });
}
