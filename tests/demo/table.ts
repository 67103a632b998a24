import type { BindingRow } from "./observe.ts";
import { cut, duration, type Paint, printable, wrap } from "./text.ts";

/** Lines of the table that are shown together or not at all. */
export interface TableBlock {
  readonly lines: readonly string[];
  readonly isHead: boolean;
  /** Whether it tells why a binding has no fresh token. */
  readonly isTrouble: boolean;
}

const GAP = "  ";
const HEADINGS = ["NAMESPACE", "BINDING", "SERVER", "STATE", "EXPIRES", "REFRESHED"];
const NAMESPACE = 0;
const BINDING = 1;
const SERVER = 2;
const STATE = 3;
const EXPIRES = 4;
const REFRESHED = 5;
/**
 * What happens where the columns do not all fit, the first first: one is narrowed to so many
 * characters, or left out.
 */
const GIVING_WAY: readonly { readonly column: number; readonly least: number }[] = [
  { column: SERVER, least: 10 },
  { column: SERVER, least: 0 },
  { column: REFRESHED, least: 0 },
  { column: EXPIRES, least: 0 },
  { column: BINDING, least: 12 },
  { column: NAMESPACE, least: 9 },
  { column: STATE, least: 1 },
  { column: BINDING, least: 1 },
];

/** A table of bindings: the head, then a block for each, whose trouble is wrapped and never cut. */
export function renderTable(
  bindings: readonly BindingRow[],
  now: number,
  columns: number,
  paint: Paint,
): TableBlock[] {
  const cells = bindings.map((row) => cellsOf(row, now).map(printable));
  const widths = widthsFor([HEADINGS, ...cells], columns);
  const line = (texts: readonly string[], painted: (text: string, column: number) => string) =>
    texts.map((text, column) => painted(cut(text, widths[column]!).padEnd(widths[column]!), column))
      .filter((_, column) => widths[column]! > 0)
      .join(GAP).trimEnd();
  const head = line(HEADINGS, (text) => paint("bold", text));
  return [
    { lines: [head], isHead: true, isTrouble: false },
    ...bindings.map((row, index) => ({
      lines: [
        line(cells[index]!, (text, column) => column === STATE ? paint(styleOf(row), text) : text),
        ...troubleLines(row, columns).map((text) => paint("red", text)),
      ],
      isHead: false,
      isTrouble: row.error !== "",
    })),
  ];
}

function troubleLines({ error }: BindingRow, columns: number): string[] {
  return error === "" ? [] : wrap(printable(error), columns, "  ");
}

function cellsOf(row: BindingRow, now: number): string[] {
  const { api, namespace, name, server, state, expiresAt, refreshedAt } = row;
  return [
    namespace,
    `${api}/${name}`,
    server === "" ? "(default)" : server,
    state,
    expiresAt === undefined
      ? "-"
      : expiresAt <= now
      ? "expired"
      : `in ${duration(expiresAt - now)}`,
    refreshedAt === undefined ? "-" : `${duration(now - refreshedAt)} ago`,
  ];
}

function styleOf({ state, error }: BindingRow): "red" | "yellow" | "green" {
  if (state === "Ready") return error === "" ? "green" : "yellow";
  return error === "" ? "yellow" : "red";
}

/** As wide as the widest cell, then narrower or 0, for left out, where the whole would not fit. */
function widthsFor(rows: readonly (readonly string[])[], columns: number): number[] {
  const widths = HEADINGS.map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]!.length), 0)
  );
  for (const { column, least } of GIVING_WAY) {
    const excess = widthOf(widths) - columns;
    if (excess <= 0) break;
    widths[column] = least === 0
      ? 0
      : Math.max(Math.min(least, widths[column]!), widths[column]! - excess);
  }
  return widths;
}

function widthOf(widths: readonly number[]): number {
  const shown = widths.filter((width) => width > 0);
  return shown.reduce((sum, width) => sum + width, GAP.length * (shown.length - 1));
}
