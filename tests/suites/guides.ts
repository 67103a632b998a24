import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Folders without guides of ours, or with too much else. */
const LEFT_OUT = [".git", ".cache", "build", "node_modules"];

/** Every guide of the repository, as its path from the root. */
export function guides(folder = ""): string[] {
  return [...Deno.readDirSync(ROOT + folder)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return LEFT_OUT.includes(name) ? [] : guides(`${folder}${name}/`);
    return name.endsWith(".md") ? [folder + name] : [];
  }).sort();
}

/** The text of a guide, by its path from the root. */
export function guide(path: string): string {
  return Deno.readTextFileSync(ROOT + path);
}

/** The text between a guide's heading and the next of its rank or above. Throws where it is not there. */
export function guideSection(path: string, heading: string): string {
  const lines = withoutCode(guide(path));
  const begin = lines.findIndex((line) =>
    /^#+ /.test(line) && line.replace(/^#+ /, "") === heading
  );
  if (begin < 0) throw new Error(`${path} has no section ${heading}`);
  const [rank] = /^#+/.exec(lines[begin]!)!;
  const next = lines.slice(begin + 1).findIndex((line) => {
    const [other] = /^#+(?= )/.exec(line) ?? [];
    return other !== undefined && other.length <= rank.length;
  });
  const end = next < 0 ? lines.length : begin + 1 + next;
  return guide(path).split("\n").slice(begin + 1, end).join("\n");
}

/** The code blocks of one language in a text. */
export function codeBlocks(text: string, language: string): string[] {
  return [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter((match) => match[1] === language)
    .map((match) => match[2]!);
}

/** The names by which GitHub links to a guide's headings. */
export function anchors(path: string): string[] {
  return withoutCode(guide(path)).filter((line) => /^#+ /.test(line)).map((line) =>
    line.replace(/^#+ /, "").toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-")
  );
}

/** The lines of a text, those of code blocks empty. */
export function withoutCode(text: string): string[] {
  let isCode = false;
  return text.split("\n").map((line) => {
    const isFence = line.startsWith("```");
    if (isFence) isCode = !isCode;
    return isCode || isFence ? "" : line;
  });
}
