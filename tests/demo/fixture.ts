import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/runtime/time/clock.ts";
import type { Endpoint } from "./endpoint.ts";
import { openInMemory } from "./in_memory.ts";
import { perform } from "./perform.ts";
import { readManifests, readSamples } from "./samples.ts";
import { type Content, World } from "./world.ts";

/** The project's own CRDs and samples. */
export const CRDS: string = pathOf("../../deploy/crds");
export const SAMPLES: string = pathOf("../../deploy/samples");

const NATURE = { clock: systemClock, monotonic: () => performance.now(), random: Math.random };
const TOKEN_LIFETIME_MS = 4_000;
const PACE = { readyMs: 8_000, refreshMs: 8_000, goneMs: 5_000 };

/** Runs `test` with an API server in memory, which `shared` makes pass for a user's cluster. */
export async function onServer(
  shared: boolean,
  test: (endpoint: Endpoint) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await using endpoint = await openInMemory(directory, systemClock, Deno.cwd());
    await test({ ...endpoint, shared });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** A world of the project's own content at `endpoint`. */
export async function worldAt(endpoint: Endpoint, more: Partial<Content> = {}): Promise<World> {
  const [crds, samples] = await Promise.all([readManifests(CRDS), readSamples(SAMPLES)]);
  const content = { crds, samples, tokenLifetimeMs: TOKEN_LIFETIME_MS, knowsAll: false, ...more };
  return new World(endpoint, content, NATURE);
}

/** Runs the whole demo once. Answers the exit code and what was printed. */
export async function performOnce(
  endpoint: Endpoint,
  disturb: (world: World) => void = () => {},
  pace: Partial<typeof PACE> = {},
): Promise<{ code: number; printed: string[] }> {
  await using world = await worldAt(endpoint);
  disturb(world);
  const printed: string[] = [];
  const print = (line: string) => void printed.push(line);
  const output = { kind: "lines", print } as const;
  const direction = { output, print, graceMs: 0, once: { ...PACE, ...pace } };
  const code = await perform(world, direction, new AbortController().signal);
  return { code, printed };
}

function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
