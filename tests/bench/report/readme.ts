/** A pair of marks, between which the bench writes, and the file that has them. */
interface Place {
  readonly path: string;
  readonly begin: string;
  readonly end: string;
}

/** Where all tables stand. */
export const REPORT: Place = {
  path: "tests/bench/README.md",
  begin: "<!-- Printed by `deno task bench --readme`: do not edit. -->",
  end: "<!-- The end of what the bench printed. -->",
};

/** Where the few figures stand that everybody reads. */
export const FIGURES: Place = {
  path: "README.md",
  begin: "<!-- Figures of `deno task bench --readme`: do not edit. -->",
  end: "<!-- The end of the figures. -->",
};

/** The text of a place's file with `printed` between the marks. Throws where they are not there once. */
export function withPrinted(place: Place, text: string, printed: string): string {
  const [before, , after] = parts(place, text);
  return `${before}${place.begin}\n\n${printed}\n\n${place.end}${after}`;
}

/** What stands between the marks. Throws where they are not there once. */
export function printedIn(place: Place, text: string): string {
  return parts(place, text)[1].trim();
}

function parts(
  { path, begin, end }: Place,
  text: string,
): [before: string, between: string, after: string] {
  const [before, rest, ...more] = text.split(begin);
  const [between, after, ...others] = (rest ?? "").split(end);
  if (after === undefined || more.length > 0 || others.length > 0) {
    throw new Error(`${path}: it must hold one pair of ${begin} and ${end}`);
  }
  return [before!, between!, after];
}
