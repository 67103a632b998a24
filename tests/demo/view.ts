import { CALL_KINDS, type CallKind } from "../sandbox/azure/calls.ts";
import { type BindingRow, nameOf } from "./observe.ts";

/** Everything that the live view shows. */
export interface ViewState {
  /** The server, in few words. */
  readonly title: string;
  readonly kubectl: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds since the command began. */
  readonly elapsedMs: number;
  /** From the command to the first Secret; absent while there is none. */
  readonly firstSecretMs?: number;
  readonly bindings: readonly BindingRow[];
  readonly azureCalls: Readonly<Record<CallKind, number>>;
  /** Why what is shown may be old. */
  readonly problem?: string;
  /** Lines of the operator's log, oldest first: as many as find room are shown. */
  readonly log: readonly string[];
}

/** The terminal. */
export interface ViewSize {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
}

const LOWEST_COLUMNS = 40;
const LONGEST_LOG = 8;
const GAP = "  ";
const HEADINGS = ["BINDING", "SERVER", "STATE", "EXPIRES", "REFRESHED"];
/** Columns that give way, the first first, and how narrow they may become. */
const ELASTIC = [
  { column: 1, least: 10 },
  { column: 2, least: 9 },
  { column: 0, least: 12 },
  { column: 4, least: 1 },
  { column: 3, least: 1 },
  { column: 1, least: 1 },
];

/**
 * The view as lines that each fit the terminal, but for those to paste, which must stay whole. At
 * most `rows` rows in all.
 */
export function renderView(state: ViewState, size: ViewSize): string[] {
  const columns = Math.max(LOWEST_COLUMNS, size.columns);
  const paint = painter(size.colour);
  const fit = (text: string) => cut(printable(text), columns);
  const head = [
    paint("bold", fit(`msi-acrpull demo, ${duration(state.elapsedMs)}: ${state.title}`)),
    "",
  ];
  const foot = [
    "",
    fit(callsText(state.azureCalls)),
    fit(firstSecretText(state.firstSecretMs)),
    ...(state.problem === undefined ? [] : [paint("red", fit(state.problem))]),
    "",
    fit("To watch with kubectl, in another terminal:"),
    ...state.kubectl.map((line) => `  ${line}`),
    "",
    fit("Ctrl-C ends the demo and removes what it made."),
  ];
  const room = size.rows - rowsOf([...head, ...foot], columns);
  const table = shorten(renderTable(state, columns, paint), room);
  const log = renderLog(state.log, room - table.length, fit, paint);
  return [...head, ...table, ...foot.slice(0, -2), ...log, ...foot.slice(-2)];
}

/** Time in its two greatest units, such as `1 min 5 s`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const units = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]] as const;
  const first = units.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0 s";
  return units.slice(first, first + 2)
    .map(([size, unit], index) => {
      const count = Math.floor((index === 0 ? seconds : seconds % units[first]![0]) / size);
      return count === 0 ? "" : `${count} ${unit}`;
    }).filter((text) => text !== "").join(" ");
}

type Paint = (style: keyof typeof STYLES, text: string) => string;

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 };

function painter(colour: boolean): Paint {
  return (style, text) => colour && text !== "" ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
}

function renderTable(state: ViewState, columns: number, paint: Paint): string[] {
  const cells = state.bindings.map((row) => cellsOf(row, state.now).map(printable));
  const widths = widthsFor([HEADINGS, ...cells], columns);
  const line = (texts: readonly string[], painted: (text: string, column: number) => string) =>
    texts.map((text, column) => painted(cut(text, widths[column]!).padEnd(widths[column]!), column))
      .join(GAP).trimEnd();
  const rows = state.bindings.flatMap((row, index) => [
    line(cells[index]!, (text, column) => column === 2 ? paint(styleOf(row), text) : text),
    ...(row.error === "" ? [] : [paint("red", cut(`  ${printable(row.error)}`, columns))]),
  ]);
  const none = rows.length === 0 ? ["(none yet)"] : [];
  return [line(HEADINGS, (text) => paint("bold", text)), ...rows, ...none];
}

function cellsOf(row: BindingRow, now: number): string[] {
  const { server, state, expiresAt, refreshedAt } = row;
  return [
    nameOf(row),
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

function styleOf({ state, error }: BindingRow): keyof typeof STYLES {
  if (state === "Ready") return error === "" ? "green" : "yellow";
  return error === "" ? "yellow" : "red";
}

/** As wide as the widest cell, then narrower where the whole would not fit. */
function widthsFor(rows: readonly (readonly string[])[], columns: number): number[] {
  const widths = HEADINGS.map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]!.length), 0)
  );
  let excess = widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1)) -
    columns;
  for (const { column, least } of ELASTIC) {
    const given = Math.max(0, Math.min(excess, widths[column]! - least));
    widths[column]! -= given;
    excess -= given;
  }
  return widths;
}

function shorten(table: readonly string[], room: number): string[] {
  if (table.length <= room) return [...table];
  const kept = Math.max(1, room - 1);
  return [...table.slice(0, kept), `(and ${table.length - kept} lines more)`];
}

function renderLog(
  log: readonly string[],
  room: number,
  fit: (text: string) => string,
  paint: Paint,
): string[] {
  const count = Math.min(LONGEST_LOG, room - 2);
  if (count < 1 || log.length === 0) return [];
  const lines = log.slice(-count).map((line) => paint("dim", fit(`  ${line}`)));
  return ["", "The operator says:", ...lines];
}

function callsText(calls: Readonly<Record<CallKind, number>>): string {
  const total = CALL_KINDS.reduce((sum, kind) => sum + calls[kind], 0);
  const parts = CALL_KINDS.map((kind) => `${kind} ${calls[kind]}`).join(", ");
  return `Azure calls so far: ${total} (${parts})`;
}

function firstSecretText(ms: number | undefined): string {
  return ms === undefined
    ? "First Secret: not yet"
    : `First Secret: ${(ms / 1000).toFixed(1)} s after the command`;
}

/** Rows that the terminal needs, which wraps what is longer than a row. */
function rowsOf(lines: readonly string[], columns: number): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 0);
}

/** Text of others must not move the cursor. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}~`;
}
