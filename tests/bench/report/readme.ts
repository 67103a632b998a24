const BEGIN = "<!-- Printed by `deno task bench --readme`: do not edit. -->";
const END = "<!-- The end of what the bench printed. -->";

/** The README with what was printed between its marks. Throws where they are not there once. */
export function withReport(readme: string, printed: string): string {
  const [before, , after] = parts(readme);
  return `${before}${BEGIN}\n\n${printed}\n\n${END}${after}`;
}

/** What stands between the marks of a README. Throws where they are not there once. */
export function reportIn(readme: string): string {
  return parts(readme)[1].trim();
}

function parts(readme: string): [before: string, between: string, after: string] {
  const [before, rest, ...more] = readme.split(BEGIN);
  const [between, after, ...others] = (rest ?? "").split(END);
  if (after === undefined || more.length > 0 || others.length > 0) {
    throw new Error(`README.md: it must hold one pair of ${BEGIN} and ${END}`);
  }
  return [before!, between!, after];
}
