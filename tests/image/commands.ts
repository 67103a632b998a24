/** Says whether these commands are there; in CI it is an error if not. */
export function haveCommands(names: readonly string[]): boolean {
  const missing = names.filter((name) => !haveCommand(name));
  if (missing.length === 0) return true;
  const ci = Deno.env.get("CI") ?? "";
  if (["", "0", "false"].includes(ci)) return false;
  throw new Error(`Every test runs where CI is set, and ${missing.join(" and ")} is missing.`);
}

function haveCommand(name: string): boolean {
  try {
    return new Deno.Command(name, { args: ["--version"] }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
