/** How little a pod is given. */
export interface Limits {
  /** Thousandths of a core. Without it, as many as there are. */
  readonly cpuMillis?: number;
  readonly memoryBytes: number;
}

/** A control group of Linux, into which a process can be put. */
export interface Cgroup {
  /** A process whose number is written into each of these files is confined. */
  readonly procsFiles: readonly string[];
  /** The most memory that was charged so far, page cache included, in bytes. */
  peakBytes(): number | undefined;
  /** Processes that the kernel killed for want of memory. */
  oomKills(): number;
  /** Removes the group, in which no process may be left. */
  remove(): Promise<void>;
}

const ROOT = "/sys/fs/cgroup";
const PERIOD_US = 100_000;
const REMOVE_TRIES = 50;

/**
 * Makes a control group, by version 2 or 1 of the kernel's interface, whichever is mounted. Throws
 * an Error that says why where this machine or user does not allow it.
 */
export function createCgroup(limits: Limits): Cgroup {
  const name = `acrpull-bench-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
  try {
    return exists(`${ROOT}/cgroup.controllers`) ? version2(name, limits) : version1(name, limits);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Error(`no control group can be made under ${ROOT}: ${error.message}`, {
      cause: error,
    });
  }
}

function version2(name: string, limits: Limits): Cgroup {
  const directory = `${ROOT}/${name}`;
  write(`${ROOT}/cgroup.subtree_control`, "+cpu +memory");
  Deno.mkdirSync(directory);
  write(`${directory}/memory.max`, limits.memoryBytes);
  if (exists(`${directory}/memory.swap.max`)) write(`${directory}/memory.swap.max`, 0);
  if (limits.cpuMillis !== undefined) {
    write(`${directory}/cpu.max`, `${quota(limits.cpuMillis)} ${PERIOD_US}`);
  }
  return {
    procsFiles: [`${directory}/cgroup.procs`],
    peakBytes: () =>
      exists(`${directory}/memory.peak`) ? Number(read(`${directory}/memory.peak`)) : undefined,
    oomKills: () => entry(`${directory}/memory.events`, "oom_kill"),
    remove: () => removeAll([directory]),
  };
}

function version1(name: string, limits: Limits): Cgroup {
  const memory = `${ROOT}/memory/${name}`;
  const cpu = `${ROOT}/cpu/${name}`;
  const directories = limits.cpuMillis === undefined ? [memory] : [memory, cpu];
  for (const directory of directories) Deno.mkdirSync(directory);
  write(`${memory}/memory.limit_in_bytes`, limits.memoryBytes);
  if (limits.cpuMillis !== undefined) {
    write(`${cpu}/cpu.cfs_period_us`, PERIOD_US);
    write(`${cpu}/cpu.cfs_quota_us`, quota(limits.cpuMillis));
  }
  return {
    procsFiles: directories.map((directory) => `${directory}/cgroup.procs`),
    peakBytes: () => Number(read(`${memory}/memory.max_usage_in_bytes`)),
    oomKills: () => entry(`${memory}/memory.oom_control`, "oom_kill"),
    remove: () => removeAll(directories),
  };
}

function quota(cpuMillis: number): number {
  return cpuMillis * PERIOD_US / 1000;
}

/** A process that has ended stays in its group for a moment. */
async function removeAll(directories: readonly string[]): Promise<void> {
  for (const directory of directories) {
    for (let tries = 1;; tries++) {
      try {
        await Deno.remove(directory);
        break;
      } catch (error) {
        if (tries === REMOVE_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

function entry(file: string, key: string): number {
  return Number(new RegExp(`^${key} (\\d+)$`, "m").exec(read(file))?.[1] ?? 0);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function read(path: string): string {
  return Deno.readTextFileSync(path);
}

function write(path: string, value: string | number): void {
  Deno.writeTextFileSync(path, `${value}`, { create: false });
}
