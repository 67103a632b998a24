import type { Core } from "../core.ts";
import type { Commit } from "../storage/store.ts";

/** Reacts to commits the way a controller of the real control plane would. */
export interface Controller {
  onCommit(commit: Commit): void;
}

/**
 * Lets every controller see every commit, including those which controllers make, until nothing is
 * left to do. Runs within the request that caused it, so that tests need not wait.
 */
export function settle(core: Core, controllers: readonly Controller[]): void {
  for (
    let commits = core.store.takeCommits();
    commits.length > 0;
    commits = core.store.takeCommits()
  ) {
    for (const commit of commits) for (const controller of controllers) controller.onCommit(commit);
  }
}
