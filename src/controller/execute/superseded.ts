/**
 * What an action was decided on has changed while it was under way, so that its result is for
 * nothing. What has changed is known already: it is decided anew at once.
 */
export class SupersededError extends Error {
  override readonly name = "SupersededError";
}
