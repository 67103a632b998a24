/** The machine in a few words, such as `2 cores of AMD EPYC, 24 GB`. */
export function describeMachine(): string {
  const model = /^model name\s*:\s*(.+)$/m.exec(read("/proc/cpuinfo"))?.[1] ?? "unknown CPU";
  const kilobytes = Number(/^MemTotal:\s+(\d+) kB$/m.exec(read("/proc/meminfo"))?.[1] ?? 0);
  const gigabytes = Math.round(kilobytes / 1024 / 1024);
  return `${navigator.hardwareConcurrency} cores of ${model}, ${gigabytes} GB, ` +
    `Linux ${Deno.osRelease()}, Deno ${Deno.version.deno}`;
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
