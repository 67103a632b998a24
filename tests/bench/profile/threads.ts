/** CPU time so far of a process's threads that live, in seconds, by what they do. */
export function threadTimes(pid: number): Record<string, number> {
  const seconds: Record<string, number> = {};
  for (const { name: thread } of Deno.readDirSync(`/proc/${pid}/task`)) {
    const directory = `/proc/${pid}/task/${thread}`;
    const kind = kindOf(Number(thread) === pid, Deno.readTextFileSync(`${directory}/comm`));
    const nanoseconds = Number(Deno.readTextFileSync(`${directory}/schedstat`).split(" ")[0]);
    seconds[kind] = (seconds[kind] ?? 0) + nanoseconds / 1e9;
  }
  return seconds;
}

function kindOf(main: boolean, command: string): string {
  if (main) return "main";
  return command.startsWith("V8") ? "V8's helpers (garbage collection)" : "Deno's helpers";
}
