/** Colours a text where the terminal shows colours. */
export type Paint = (style: keyof typeof STYLES, text: string) => string;

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 };

/** A Paint for a terminal with colours, or for one without. */
export function painter(colour: boolean): Paint {
  return (style, text) => colour && text !== "" ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
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

/** Rows that the terminal needs, which wraps what is longer than a row; colours take no room. */
export function rowsOf(lines: readonly string[], columns: number): number {
  // deno-lint-ignore no-control-regex -- the escape sequences of `painter` are what is looked for
  const lengths = lines.map((line) => line.replace(/\x1b\[\d+m/g, "").length);
  return lengths.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / columns)), 0);
}

/** Text of others must not move the cursor. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}

/** A text of at most `width` characters, ending in ~ where some are left out. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}~`;
}

/** A text as lines of at most `width`, broken between words and, only where one is longer, in it. */
export function wrap(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  const most = Math.max(1, width - indent.length);
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > most) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
    for (; line.length > most; line = line.slice(most)) lines.push(line.slice(0, most));
  }
  return [...lines, line].map((each) => indent + each);
}
