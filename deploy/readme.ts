import { helpMarkdown } from "../src/cli/help.ts";

const BEGIN = "<!-- deno-fmt-ignore-start -->";
// What formats this file would else align the table anew.
const END = "<!-- deno-fmt-ignore-end -->";

/** The README with its table of flags as the flags are. Throws where the table's marks are gone. */
export function withFlags(readme: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error(`README.md: the marks ${BEGIN} and ${END} are gone`);
  return `${readme.slice(0, begin)}${BEGIN}\n\n${helpMarkdown()}\n${readme.slice(end)}`;
}
