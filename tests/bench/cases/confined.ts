import type { Cgroup } from "../machine/cgroup.ts";
import type { Figures, Measurement } from "../report/result.ts";

/** What one run measured. */
export type Run = Figures & Pick<Measurement, "problems">;

/**
 * What `run` measures of a program in a control group. The kernel may kill the program for want of
 * memory. Then that is what was found out, without the figures that the program did not live to
 * show. `say` is told how far it came. Rejects as `run` does when it failed for another reason.
 */
export async function confined(
  cgroup: Cgroup,
  bindings: number,
  say: (line: string) => void,
  run: () => Promise<Run>,
): Promise<Run> {
  try {
    return { ...await run(), ...chargedTo(cgroup) };
  } catch (error) {
    // Nothing but the program is in the group, so that a kill there is the program's.
    if (!(error instanceof Error) || cgroup.oomKills() === 0) throw error;
    say(`killed by its memory limit: ${error.message}`);
    return { bindings, ...chargedTo(cgroup), problems: [] };
  }
}

function chargedTo(cgroup: Cgroup): Pick<Figures, "cgroupPeakBytes" | "oomKills"> {
  const cgroupPeakBytes = cgroup.peakBytes();
  return {
    ...(cgroupPeakBytes === undefined ? {} : { cgroupPeakBytes }),
    oomKills: cgroup.oomKills(),
  };
}
