/** A watch that stands, or the last one that stood. */
interface Watch {
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Whether it has told anything, be it a bookmark. */
  readonly isHeard: boolean;
}

/** Where an informer is between its lists and its watches. */
export type WatchState =
  /** All objects are to be listed: nothing is known, or what is known may be at fault. */
  | { readonly kind: "listing"; readonly watch?: Watch }
  /** A watch is to go on from the last resourceVersion. */
  | { readonly kind: "resuming"; readonly watch?: Watch }
  | { readonly kind: "watching"; readonly watch: Watch };

/** Before the first list. */
export const UNLISTED: WatchState = { kind: "listing" };

/** A list was read to its end. */
export function listed({ watch }: WatchState): WatchState {
  return watch === undefined ? { kind: "resuming" } : { kind: "resuming", watch };
}

/** A watch stands since `now`, in milliseconds since the epoch. */
export function standing(now: number): WatchState {
  return { kind: "watching", watch: { since: now, isHeard: false } };
}

/** The watch has told something. */
export function heard(state: WatchState): WatchState {
  if (state.kind !== "watching" || state.watch.isHeard) return state;
  return { kind: "watching", watch: { ...state.watch, isHeard: true } };
}

/** The watch has ended in good order. */
export function ended(state: WatchState): WatchState {
  return state.kind === "watching" ? { kind: "resuming", watch: state.watch } : state;
}

/** The watch tells that something could not be told: it is only to be had by a list. */
export function incomplete({ watch }: WatchState): WatchState {
  return watch === undefined ? { kind: "listing" } : { kind: "listing", watch };
}

/**
 * The connection was silent for too long. A server whose history ends before our resourceVersion (one
 * restored from a backup) accepts the watch and tells nothing, not even a bookmark, until it has
 * caught up.
 */
export function silent(state: WatchState): WatchState {
  return state.watch?.isHeard === false ? incomplete(state) : state;
}

/** A list or a watch failed. What is listed already is listed again where `mustList` says so. */
export function failed({ kind }: WatchState, mustList: boolean): WatchState {
  return mustList || kind === "listing" ? { kind: "listing" } : { kind: "resuming" };
}
