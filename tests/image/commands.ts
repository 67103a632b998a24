/** Says whether these commands are there; in CI it is an error if not. */
export function haveCommands(names: readonly string[]): boolean {
  const missing = names.filter((name) => !haveCommand(name));
  if (missing.length === 0) return true;
  const ci = Deno.env.get("CI") ?? "";
  if (["", "0", "false"].includes(ci)) return false;
  throw new Error(`Every test runs where CI is set, and ${missing.join(" and ")} is missing.`);
}

/** As haveCommands(), with what is lacking: undefined where nothing is. For needing(). */
export function lackOfCommands(names: readonly string[]): string | undefined {
  if (haveCommands(names)) return undefined;
  return `needs ${names.filter((name) => !haveCommand(name)).join(" and ")}: install it`;
}

function haveCommand(name: string): boolean {
  try {
    return new Deno.Command(name, { args: ["--version"] }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
