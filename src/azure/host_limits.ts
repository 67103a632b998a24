import type { PlacesOptions } from "../runtime/fairness/fair_places.ts";

/** How many calls may be under way. */
export interface Places {
  /** To all hosts together. */
  readonly together: number;
  /** To one of them. */
  readonly perHost: number;
}

/** What is known of a host: nothing yet, or what it did last. */
export type HostState = "unknown" | "answers" | "silent";

/** How many calls may be under way, and how many of these to hosts that may not answer. */
export interface HostLimits extends Places {
  readonly unknown: Places;
  readonly silent: Places;
  /** Places in addition, for what is urgent and would have to wait behind calls that hang. */
  readonly urgent?: Places;
}

/**
 * Limits of calls to Entra and registries. Each call waits for the network most of its time, and
 * takes memory. Hosts that do not answer hold their places for as long as the time-outs, so that they
 * are given few, and never those of hosts that do.
 */
export const DIRECT_LIMITS: HostLimits = {
  together: 96,
  perHost: 40,
  unknown: { together: 56, perHost: 4 },
  silent: { together: 16, perHost: 2 },
  urgent: { together: 16, perHost: 8 },
};

/**
 * The same behind an HTTP proxy, where Deno's client was seen to open no further connection after
 * bursts of 60; 40 never failed.
 */
export const PROXIED_LIMITS: HostLimits = {
  together: 40,
  perHost: 28,
  unknown: { together: 20, perHost: 4 },
  silent: { together: 10, perHost: 2 },
  urgent: { together: 8, perHost: 4 },
};

/**
 * One namespace may name any number of hosts that hang. It gets a fifth of the places for such
 * hosts, and each further one a fifth of the rest. So eight of its like leave places to others.
 */
const ALPHA_OF_DOUBTFUL = 1 / 4;
/** Until a host answers, one call of each namespace finds out whether it does. */
const ONE_EACH = 0;

/** How the calls to all hosts share their places. */
export function placesOfAll({ together, urgent }: HostLimits): PlacesOptions {
  return shared(together, urgent?.together);
}

/** How the calls to hosts that may not answer share theirs, which are some of all. */
export function placesOfDoubtful(
  limits: HostLimits,
  state: Exclude<HostState, "answers">,
): PlacesOptions {
  const places = shared(limits[state].together, limits.urgent?.together);
  return { ...places, alpha: ALPHA_OF_DOUBTFUL };
}

/** How the calls to one host share theirs. */
export function placesOfHost(limits: HostLimits, state: HostState): PlacesOptions {
  if (state === "answers") return shared(limits.perHost, limits.urgent?.perHost);
  return { ...shared(limits[state].perHost, limits.urgent?.perHost), alpha: ONE_EACH };
}

/** A namespace may claim any urgency for itself, so that a part is left to what is not urgent. */
function shared(places: number, forUrgent = 0): PlacesOptions {
  return { places, forUrgent, forOthers: Math.floor((places + 1) / 4) };
}
