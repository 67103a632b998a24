import { FLAGS, VARIABLES } from "./flag_table.ts";
import { dashed, type Flag, FlagTable } from "./flags.ts";

const LINE_WIDTH = 100;
const INDENT = "      ";

/** The text of `--help`: every flag by group, then the environment. */
export function helpText(): string {
  return [
    "Keeps image pull secrets for Azure Container Registries fresh, one per AcrPullBinding.",
    "",
    "Usage:",
    "  manager [flags]     run the controller",
    "  manager version     print the version",
    "",
    "Flags take one dash or two, and their value after = or a space.",
    ...flagLines(FLAGS),
    "",
    "Environment:",
    ...Object.entries(VARIABLES).flatMap(([name, help]) => [`  ${name}`, ...wrap(help)]),
    "",
  ].join("\n");
}

/** The lines of `--help` for a table of flags, by group. */
export function flagLines(table: FlagTable): readonly string[] {
  return [...byGroup(table)].flatMap(([group, flags]) => [
    "",
    `${group}:`,
    ...flags.flatMap(entry),
  ]);
}

/** The same as a Markdown table, for documentation: one row a flag, then one a variable. */
export function helpMarkdown(): string {
  const flags = Object.entries<Flag>(FLAGS).map(([name, flag]) =>
    row(spellings(name, flag).map(code).join(", "), flag.default ?? "", flag.help)
  );
  const variables = Object.entries(VARIABLES).map(([name, help]) => row(code(name), "", help));
  return [
    row("Flag or variable", "Default", "Meaning"),
    row("---", "---", "---"),
    ...flags,
    ...variables,
    "",
  ].join("\n");
}

function byGroup(table: FlagTable): Map<string, [string, Flag][]> {
  const groups = new Map<string, [string, Flag][]>();
  for (const item of Object.entries(table)) {
    const group = groups.get(item[1].group) ?? [];
    groups.set(item[1].group, [...group, item]);
  }
  return groups;
}

function entry([name, flag]: [string, Flag]): string[] {
  const value = flag.placeholder === undefined ? "" : ` ${flag.placeholder}`;
  const known = flag.default === undefined ? "" : ` Default: ${flag.default}.`;
  return [`  ${spellings(name, flag).join(", ")}${value}`, ...wrap(flag.help + known)];
}

function spellings(name: string, flag: Flag): string[] {
  return [name, ...flag.aliases ?? []].map(dashed);
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = INDENT;
  for (const word of text.split(" ")) {
    if (line.trim() !== "" && line.length + 1 + word.length > LINE_WIDTH) {
      lines.push(line);
      line = INDENT;
    }
    line += line.trim() === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}

function row(...cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function code(text: string): string {
  return "`" + text + "`";
}
