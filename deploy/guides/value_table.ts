import { isMap, isScalar, type Node, type Pair, parseDocument, type YAMLMap } from "yaml";
import { row } from "./guide_table.ts";

/** A value of the chart: its place, such as `image.tag`, its default and what it is for. */
interface Value {
  readonly place: string;
  readonly node: Node | null;
  readonly meaning: string;
}

/** Longer defaults are left to the file. */
const LONGEST_DEFAULT = 60;

/**
 * The chart's values as a table in Markdown, from the text of values.yaml: one row for each value,
 * with the comment before it. A value with values within it has a row where it has a comment.
 */
export function valueTable(values: string): string {
  const root = parseDocument(values).contents;
  if (!isMap(root)) throw new Error("deploy/helm/values.yaml must be a mapping");
  return [
    row("Value", "Default", "Meaning"),
    row("---", "---", "---"),
    ...valuesOf(root as YAMLMap<Node, Node | null>).map(valueRow),
  ].join("\n");
}

function valuesOf(map: YAMLMap<Node, Node | null>, at = ""): Value[] {
  return map.items.flatMap((pair, index) => {
    const place = at === "" ? nameOf(pair) : `${at}.${nameOf(pair)}`;
    const comment = pair.key.commentBefore ?? (index === 0 && at !== "" ? map.commentBefore : "");
    const value = { place, node: pair.value, meaning: proseOf(comment ?? "") };
    if (!hasValues(pair.value)) return [value];
    const within = valuesOf(pair.value as YAMLMap<Node, Node | null>, place);
    return value.meaning === "" ? within : [{ ...value, node: null }, ...within];
  });
}

/** Whether what stands there is values of the chart, and not one value that is a mapping. */
function hasValues(node: Node | null): boolean {
  if (!isMap(node) || node.items.length === 0) return false;
  return (node as YAMLMap<Node, Node | null>).items.every((pair) =>
    /^\w+$/.test(nameOf(pair)) && !/^[a-z]+[A-Z]\w+During\w+$/.test(nameOf(pair))
  );
}

function nameOf({ key }: Pair<Node, Node | null>): string {
  return isScalar(key) ? String(key.value) : String(key);
}

/**
 * The last paragraph of a comment, without examples, which are indented, and without what leads up
 * to them.
 */
function proseOf(comment: string): string {
  const [own = ""] = comment.split(/\n\s*\n/).slice(-1);
  const lines = own.split("\n").map((line) => line.replace(/^ /, ""));
  const isExample = (line: string) => line.startsWith(" ");
  const prose = lines.filter((line) => !isExample(line)).join(" ").trim();
  return lines.some(isExample) ? prose.replace(/ ?[^.;]*:$/, "").trim() : prose;
}

function valueRow({ place, node, meaning }: Value): string {
  const text = node === null ? "" : JSON.stringify(node.toJSON());
  const shown = text.length > LONGEST_DEFAULT
    ? "see values.yaml"
    : text === ""
    ? ""
    : `\`${text}\``;
  return row(`\`${place}\``, shown, meaning);
}
