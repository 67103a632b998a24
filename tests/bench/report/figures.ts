import { markdownRows, parseTables, type Table } from "./table.ts";
import { count } from "./text.ts";

/** What the reference was recorded to take, and where the bench's report says what this takes. */
interface Figure {
  readonly what: string;
  /** The cell of the report's tables. */
  readonly find: (tables: readonly Table[]) => string | undefined;
  /** Of Azure/msi-acrpull, on a machine of the same class with the same fake Azure. */
  readonly reference: number;
  readonly unit: string;
}

const FIGURES: readonly Figure[] = [
  {
    what: "One managed identity: until all are ready",
    find: speed("v1beta1", "All ready"),
    reference: 271,
    unit: "s",
  },
  {
    what: "One managed identity: CPU",
    find: speed("v1beta1", "CPU"),
    reference: 6,
    unit: "s",
  },
  {
    what: "One managed identity: peak memory",
    find: speed("v1beta1", "Peak RSS"),
    reference: 61,
    unit: "MB",
  },
  {
    what: "One managed identity: tokens asked of the registry",
    find: (tables) => cell(tables, "Calls", (first) => first === "registry: exchange", "v1beta1"),
    reference: 1_000,
    unit: "",
  },
  {
    what: "1,000 workload identities: until all are ready",
    find: speed("workload-identity", "All ready"),
    reference: 517,
    unit: "s",
  },
  {
    what: "1,000 workload identities: CPU",
    find: speed("workload-identity", "CPU"),
    reference: 7.8,
    unit: "s",
  },
  {
    what: "1,000 workload identities: peak memory",
    find: speed("workload-identity", "Peak RSS"),
    reference: 65,
    unit: "MB",
  },
];

/**
 * The few figures of README in Markdown: what the reference takes, what this takes by the bench's
 * report, and the ratio. Throws where the report lacks one.
 */
export function figuresTable(report: string): string {
  const tables = parseTables(report);
  const rows = FIGURES.map(({ what, find, reference, unit }) => {
    const here = numberOf(find(tables) ?? "");
    if (Number.isNaN(here)) throw new Error(`The bench's report does not say: ${what}`);
    const shown = (value: number) => `${count(value)} ${unit}`.trimEnd();
    return [what, shown(reference), shown(here), ratio(here / reference)];
  });
  return markdownRows(["1,000 new bindings", "Reference", "Here", "Ratio"], rows);
}

function speed(name: string, column: string): Figure["find"] {
  return (tables) => cell(tables, "Speed", (first) => first.startsWith(`${name}: `), column);
}

function cell(
  tables: readonly Table[],
  heading: string,
  isRow: (first: string) => boolean,
  column: string,
): string | undefined {
  const table = tables.find((each) => each.heading === heading);
  const row = table?.rows.find(([first]) => isRow(first!));
  return row?.[table!.columns.indexOf(column)];
}

/** The number with which a cell begins: `8.79 s (8.51 to 9.88)` is 8.79. */
function numberOf(text: string): number {
  return text === "" ? NaN : parseFloat(text.replaceAll(",", ""));
}

function ratio(value: number): string {
  return `${Number(value.toPrecision(2))}`;
}
