/** One line of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Parses what /metrics answers, the metrics named alone. */
export function parseExposition(text: string, names: readonly string[]): Sample[] {
  const wanted = text.split("\n").filter((line) => names.some((name) => line.startsWith(name)));
  return wanted.flatMap((line) => {
    const [, name, labels = "", value] = LINE.exec(line) ?? [];
    if (name === undefined || !names.includes(name)) return [];
    const pairs = [...labels.matchAll(LABEL)].map(([, key, text]) => [key!, text!]);
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}
