/** Memory of a process as Linux accounts it, in bytes. */
export interface Memory {
  readonly rss: number;
  /** The largest `rss` so far. */
  readonly peak: number;
  /** The part of `rss` that is the process's own. */
  readonly anonymous: number;
  /** The part of `rss` that is mapped from files, above all the executable. */
  readonly mapped: number;
}

/** Linux tells user space of ticks of this length, whatever the kernel's own. */
const TICKS_A_SECOND = 100;

/** Reads /proc/PID/status. Throws Deno.errors.NotFound once the process is gone. */
export function memoryOf(pid: number | "self"): Memory {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const bytes = (field: string) => {
    const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status);
    if (found === null) throw new Error(`/proc/${pid}/status has no ${field}`);
    return Number(found[1]) * 1024;
  };
  return {
    rss: bytes("VmRSS"),
    peak: bytes("VmHWM"),
    anonymous: bytes("RssAnon"),
    mapped: bytes("RssFile"),
  };
}

/** User and system time of all threads so far, those that have ended included, in seconds. */
export function cpuSecondsOf(pid: number | "self"): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The second field is the program's name, which may hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [fields[11], fields[12]];
  return (Number(user) + Number(system)) / TICKS_A_SECOND;
}

/** Time of the threads that live, in seconds, to the nanosecond: for differences of few ticks. */
export function exactCpuSecondsOf(pid: number): number {
  let nanoseconds = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    const schedstat = Deno.readTextFileSync(`/proc/${pid}/task/${name}/schedstat`);
    nanoseconds += Number(schedstat.split(" ")[0]);
  }
  return nanoseconds / 1e9;
}

/** CPU time so far of every process of one of `names` that has `text` among its arguments. */
export function cpuSecondsOfServers(names: readonly string[], text: string): number {
  let seconds = 0;
  for (const { name: pid } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const name = Deno.readTextFileSync(`/proc/${pid}/comm`).trim();
      if (!names.includes(name)) continue;
      if (Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes(text)) {
        seconds += cpuSecondsOf(Number(pid));
      }
    } catch (error) {
      // It ended while it was looked at.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return seconds;
}
