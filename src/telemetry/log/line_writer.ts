/** The part of Deno.stderr that a line needs. */
export interface SyncSink {
  /** Writes some of the bytes and answers how many. */
  writeSync(bytes: Uint8Array): number;
}

/**
 * Writes lines to `sink` one by one. A line that cannot be written, because the reader went away or
 * does not keep up, is given up and reported to `dropped`: a log must not stop what it tells about.
 */
export function createLineWriter(sink: SyncSink, dropped: () => void): (line: string) => void {
  const encoder = new TextEncoder();
  let cut = false;
  return (line) => {
    // After a line that was cut in its middle, the next must not continue it.
    let rest = encoder.encode(cut ? `\n${line}\n` : `${line}\n`);
    const whole = rest.length;
    try {
      while (rest.length > 0) {
        const written = writeOnce(sink, rest);
        if (written === 0) throw new Deno.errors.WriteZero("nothing was written");
        rest = rest.subarray(written);
      }
      cut = false;
    } catch {
      // There is nowhere to report this but the count.
      cut ||= rest.length < whole;
      dropped();
    }
  };
}

function writeOnce(sink: SyncSink, bytes: Uint8Array): number {
  for (;;) {
    try {
      return sink.writeSync(bytes);
    } catch (error) {
      if (!(error instanceof Deno.errors.Interrupted)) throw error;
    }
  }
}
