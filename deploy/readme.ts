import { helpMarkdown } from "../src/cli/flags/help.ts";
import { permissionMarkdown } from "./executable/permissions.ts";

const BEGIN = "<!-- deno-fmt-ignore-start -->";
// What formats this file would else align the tables anew.
const END = "<!-- deno-fmt-ignore-end -->";

/** What stands between the marks of README.md, in their order. */
const TABLES: readonly (() => string)[] = [helpMarkdown, permissionMarkdown];

/** The README with its tables as the code has them. Throws where a table's marks are gone. */
export function withTables(readme: string): string {
  const parts = readme.split(BEGIN);
  const marked = parts.slice(1).every((part) => part.includes(END));
  if (parts.length !== TABLES.length + 1 || !marked) {
    throw new Error(`README.md: it must hold ${TABLES.length} pairs of ${BEGIN} and ${END}`);
  }
  return parts.map((part, index) =>
    index === 0 ? part : `\n\n${TABLES[index - 1]!()}\n${part.slice(part.indexOf(END))}`
  ).join(BEGIN);
}
