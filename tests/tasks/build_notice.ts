import type { Found } from "../e2e/servers/binaries.ts";

/**
 * What is about to be built for the tests on a real API server, said before it begins: how long it
 * takes and how much it fills. Undefined where nothing is to be built, or where the tests say
 * themselves that they are skipped.
 */
export function buildNotice(...founds: readonly Found[]): string | undefined {
  const building = founds.flatMap((found) =>
    "ok" in found ? [...found.ok].filter(([, source]) => "go" in source).map(([tool]) => tool) : []
  );
  if (building.length === 0) return undefined;
  return `Before the first test on a real API server, Go builds ${
    listed(building)
  }, once: on two ` +
    "cores it takes 5 to 30 minutes and, with Go's own caches, up to 4.4 GB below your home " +
    "directory.\n`deno task test:fast` does without, and takes less than two minutes.";
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** Whether tests on a real API server are among those of `paths`; without paths all are. */
export function reachesApiServer(paths: readonly string[]): boolean {
  const clean = paths.map((path) => path.replace(/^\.\//, "").replace(/\/$/, ""));
  return clean.length === 0 ||
    clean.some((path) => [".", "tests"].includes(path) || path.startsWith("tests/e2e"));
}
