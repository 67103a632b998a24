/**
 * What an action was decided on has changed while it was under way, so that its result is for
 * nothing. What has changed is known already: it is decided anew at once.
 */
export class SupersededError extends Error {
  override readonly name = "SupersededError";
}

/**
 * What was deleted is still there, since finalizers of others hold it. It is known as such, and what
 * becomes of it is decided anew.
 */
export class HeldError extends Error {
  override readonly name = "HeldError";
}
