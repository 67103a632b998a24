const ROOT = new URL("../../", import.meta.url);

/** A test, or a case of the bench, by its file and the name that the file gives it. */
export interface NamedTest {
  /** From the repository's root. */
  readonly file: string;
  /** As it stands there: a template's text holds `${...}`. */
  readonly name: string;
}

/** The tests that a cell of a table names, each as `file` "name". */
export function testsIn(cell: string): NamedTest[] {
  return [...cell.matchAll(/`(tests\/[\w./-]+\.ts)` "([^"]+)"/g)]
    .map(([, file, name]) => ({ file: file!, name: name! }));
}

/** Whether the text of a module holds the name as a whole string, or as a template's text. */
export function isNamedIn(text: string, name: string): boolean {
  return text.includes(JSON.stringify(name)) || text.includes(`\`${name}\``);
}

/** Those of the tests that are not there under that name. */
export function missingTests(tests: readonly NamedTest[]): NamedTest[] {
  return tests.filter(({ file, name }) => !isNamedIn(textOf(file), name));
}

function textOf(file: string): string {
  try {
    return Deno.readTextFileSync(new URL(file, ROOT));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
