const LONGEST_QUOTED = 120;

/** A value from outside as an error message shows it: in quotes, escaped, and cut when very long. */
export function quote(value: string): string {
  return JSON.stringify(
    value.length > LONGEST_QUOTED ? value.slice(0, LONGEST_QUOTED) + "..." : value,
  );
}
