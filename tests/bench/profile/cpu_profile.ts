import type { ModuleAt } from "./modules.ts";

/** What `--cpu-prof` writes, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      /** From 0. */
      readonly lineNumber: number;
    };
  }[];
  /** Nodes' ids, one a sample. */
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

/** The time that a function took by itself, without what it called. */
export interface SelfTime {
  readonly name: string;
  /** Where it is written: a module, or one of V8's own states in parentheses. */
  readonly module: string;
  readonly milliseconds: number;
}

/** In which Deno writes the profile: no work of the program. */
const WRITING = "op_exit";

/** Self time by function, the most first. `moduleAt` tells what each line of the bundle was. */
export function selfTimes(profile: CpuProfile, bundle: string, moduleAt: ModuleAt): SelfTime[] {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times = new Map<string, SelfTime>();
  profile.samples.forEach((id, index) => {
    const { functionName, url, lineNumber } = frames.get(id)!;
    if (functionName === WRITING) return;
    const module = url.endsWith(bundle) ? moduleAt(lineNumber) : url;
    const name = functionName || "(anonymous)";
    const key = `${module} ${name} ${lineNumber}`;
    const milliseconds = (times.get(key)?.milliseconds ?? 0) + profile.timeDeltas[index]! / 1000;
    times.set(key, { name, module, milliseconds });
  });
  return [...times.values()].toSorted((a, b) => b.milliseconds - a.milliseconds);
}
