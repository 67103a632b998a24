/** A word as a POSIX shell takes it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The command that runs a task with `args`, to paste into a shell. */
export function taskCommand(name: string, args: readonly string[]): string {
  return ["deno task", name, ...args.map(shellWord)].join(" ");
}
