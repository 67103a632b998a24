import { type BindingRow, nameOf } from "./observe.ts";
import { duration } from "./text.ts";

/** What happened between two observations, one line a binding, for output that is no terminal. */
export function changeLines(
  before: readonly BindingRow[],
  after: readonly BindingRow[],
  now: number,
): string[] {
  const old = new Map(before.map((row) => [row.uid, row]));
  const present = new Set(after.map(({ uid }) => uid));
  return [
    ...after.flatMap((row) => changeOf(old.get(row.uid), row, now)),
    ...before.filter(({ uid }) => !present.has(uid)).map((row) => `${nameOf(row)} has gone`),
  ];
}

function changeOf(before: BindingRow | undefined, row: BindingRow, now: number): string[] {
  const name = nameOf(row);
  const expiry = row.expiresAt === undefined
    ? ""
    : `, its token expires in ${duration(row.expiresAt - now)}`;
  if (before?.state !== row.state || before.error !== row.error) {
    const why = row.error === "" ? "" : `: ${row.error}`;
    return [`${name} is ${row.state}${row.error === "" ? expiry : why}`];
  }
  return before.refreshedAt === row.refreshedAt ? [] : [`${name} was refreshed${expiry}`];
}
