/** So many lines are read at the end of a run. */
const MOST = 10;

/** The calls that the fake does not know, each once with how often it came, as lines to print. */
export function unknownCalls(calls: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const call of calls) counts.set(call, (counts.get(call) ?? 0) + 1);
  const lines = [...counts].slice(0, MOST).map(([call, count]) =>
    `The fake Azure does not know this call${count === 1 ? "" : ` (${count} times)`}: ${call}`
  );
  const others = counts.size - lines.length;
  return others === 0 ? lines : [...lines, `It does not know ${others} others either.`];
}
