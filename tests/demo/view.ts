import { CALL_KINDS, type CallKind } from "../sandbox/azure/calls.ts";
import type { KubectlLines } from "./endpoint.ts";
import type { BindingRow } from "./observe.ts";
import { renderTable, type TableBlock } from "./table.ts";
import { cut, duration, type Paint, painter, printable, rowsOf, wrap } from "./text.ts";

/** Everything that the live view shows. */
export interface ViewState {
  /** The server, in few words. */
  readonly title: string;
  readonly kubectl: KubectlLines;
  /** What a user should know who tries bindings of their own, one sentence an item. */
  readonly notes: readonly string[];
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

/** Parts of the view that give way where there is no room, the first first. */
const OPTIONAL = ["firstSecret", "calls", "watch", "breaking", "notes"] as const;
type Part = typeof OPTIONAL[number];

/**
 * The view as lines that each fit the terminal, but for those to paste, which must stay whole. At
 * most `rows` rows in all where these find room. What a binding says of its trouble is wrapped and
 * never cut: the rest gives way to it, bindings without trouble included.
 */
export function renderView(state: ViewState, size: ViewSize): string[] {
  const columns = Math.max(LOWEST_COLUMNS, size.columns);
  const paint = painter(size.colour);
  const blocks = renderTable(state.bindings, state.now, columns, paint);
  const parts = new Set<Part>(OPTIONAL);
  const page = (shown: readonly TableBlock[], log: readonly string[]) =>
    compose(state, { columns, paint, parts, table: tableLines(shown, blocks, columns), log });
  const fits = (shown: readonly TableBlock[]) => rowsOf(page(shown, []), columns) <= size.rows;
  for (const part of OPTIONAL) {
    if (!fits(blocks)) parts.delete(part);
  }
  // It gave way to these lines alone; bindings without trouble are less than it.
  if (!parts.has("breaking")) parts.add("watch");
  let shown = leaveOut(blocks, ({ isTrouble }) => !isTrouble, fits);
  if (!fits(shown)) parts.delete("watch");
  shown = leaveOut(shown, ({ isHead }) => !isHead, fits);
  const room = size.rows - rowsOf(page(shown, []), columns);
  return page(shown, renderLog(state.log, room, columns, paint));
}

/** Leaves out blocks that may go, from the bottom, until the rest fits or none may go any more. */
function leaveOut(
  blocks: readonly TableBlock[],
  mayGo: (block: TableBlock) => boolean,
  fits: (blocks: readonly TableBlock[]) => boolean,
): readonly TableBlock[] {
  let shown = blocks;
  while (!fits(shown)) {
    const last = shown.findLastIndex((block) => !block.isHead && mayGo(block));
    if (last < 0) break;
    shown = shown.toSpliced(last, 1);
  }
  return shown;
}

function tableLines(
  shown: readonly TableBlock[],
  all: readonly TableBlock[],
  columns: number,
): string[] {
  const left = all.length - shown.length;
  return [
    ...shown.flatMap(({ lines }) => lines),
    ...(all.length === 1 ? ["(none yet)"] : []),
    ...(left === 0 ? [] : [cut(`(and ${left} bindings more)`, columns)]),
  ];
}

/** What a page is made of beside the state. */
interface PageParts {
  readonly columns: number;
  readonly paint: Paint;
  readonly parts: ReadonlySet<Part>;
  readonly table: readonly string[];
  readonly log: readonly string[];
}

function compose(state: ViewState, { columns, paint, parts, table, log }: PageParts): string[] {
  const fit = (text: string) => cut(printable(text), columns);
  const part = (name: Part, lines: readonly string[]) => parts.has(name) ? lines : [];
  const facts = [
    ...part("calls", [fit(callsText(state.azureCalls))]),
    ...part("firstSecret", [fit(firstSecretText(state.firstSecretMs))]),
    ...(state.problem === undefined
      ? []
      : wrap(printable(state.problem), columns, "").map((line) => paint("red", line))),
  ];
  return [
    paint("bold", fit(`msi-acrpull demo, ${duration(state.elapsedMs)}: ${state.title}`)),
    "",
    ...table,
    ...(facts.length === 0 ? [] : ["", ...facts]),
    "",
    ...pasteLines(state, parts, fit),
    ...part("notes", state.notes.flatMap((note) => wrap(note, columns, ""))),
    ...log,
    "",
    fit("Ctrl-C ends the demo and removes what it made."),
  ];
}

/** The lines to paste, of which the one that heals comes as long as there is something to heal. */
function pasteLines(
  { kubectl, bindings }: ViewState,
  parts: ReadonlySet<Part>,
  fit: (text: string) => string,
): string[] {
  const isTrouble = bindings.some(({ error }) => error !== "");
  const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`);
  return [
    fit(parts.has("watch") ? "To watch, in another terminal:" : "In another terminal:"),
    ...indented([kubectl.setup, ...(parts.has("watch") ? kubectl.watch : [])]),
    ...(parts.has("breaking")
      ? [fit("To break a binding, each in another way:"), ...indented(kubectl.breaking)]
      : []),
    ...(parts.has("breaking") || isTrouble
      ? [fit("To heal them:"), ...indented([kubectl.healing])]
      : []),
  ];
}

function renderLog(
  log: readonly string[],
  room: number,
  columns: number,
  paint: Paint,
): string[] {
  const count = Math.min(LONGEST_LOG, room - 2);
  if (count < 1 || log.length === 0) return [];
  const lines = log.slice(-count).map((line) => paint("dim", cut(`  ${printable(line)}`, columns)));
  return ["", cut("The operator says:", columns), ...lines];
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
