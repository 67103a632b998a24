/** How long the steps of an election take, in milliseconds. */
export interface Durations {
  /** A candidate waits this long without a change of the record before it takes the lease. */
  readonly leaseMs: number;
  /** A leader that has not renewed for this long stops leading. */
  readonly renewDeadlineMs: number;
  /** Between renewals, and the most between a candidate's looks. */
  readonly retryPeriodMs: number;
  /** The most that giving the lease back may take. */
  readonly releaseMs: number;
}

/** The values of client-go's core clients and of controller-runtime; `releaseMs` is our own. */
export const DEFAULT_DURATIONS: Durations = {
  leaseMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
  releaseMs: 1_000,
};

/**
 * client-go refuses a renew deadline that its longest jittered retry period does not fit into. Kept
 * so that the same flags are refused here.
 */
const JITTER_FACTOR = 1.2;

/** Fills in defaults. Throws a RangeError that names the duration under which safety is lost. */
export function completeDurations(given: Partial<Durations> = {}): Durations {
  const durations = { ...DEFAULT_DURATIONS, ...given };
  for (const [name, value] of Object.entries(durations)) {
    if (!(value > 0 && Number.isFinite(value))) {
      throw new RangeError(`${name} of the leader election is ${value}; it must be above 0`);
    }
  }
  const { leaseMs, renewDeadlineMs, retryPeriodMs } = durations;
  if (leaseMs % 1000 !== 0) {
    throw new RangeError(`leaseMs is ${leaseMs}; a Lease holds whole seconds only`);
  }
  if (leaseMs <= renewDeadlineMs) {
    throw new RangeError(
      `leaseMs is ${leaseMs}; it must be above renewDeadlineMs (${renewDeadlineMs}), ` +
        "or another may lead before this one has stopped",
    );
  }
  if (renewDeadlineMs <= retryPeriodMs * JITTER_FACTOR) {
    throw new RangeError(
      `renewDeadlineMs is ${renewDeadlineMs}; it must be above ${JITTER_FACTOR} times ` +
        `retryPeriodMs (${retryPeriodMs}), or no renewal can be repeated`,
    );
  }
  return durations;
}
