import type { Situation } from "./plan/situation.ts";
import type { SecretState, Snapshot } from "./plan/snapshot.ts";

/**
 * For which identity Secrets of the reference were first seen to serve. They say nothing of it
 * themselves and are not minted again for that; but when a client or tenant ID changes afterwards,
 * they must be, as those that say it.
 */
export class IdentityMemory {
  readonly #seen = new Map<string, { readonly uid: string; readonly identity: string }>();

  /** The snapshot, with what is remembered of the Secret of the binding `key`. */
  recall<T extends Pick<Snapshot, "secrets" | "inspection">>(key: string, snapshot: T): T {
    const seen = this.#seen.get(key);
    if (seen === undefined) return snapshot;
    const fill = (secret: SecretState): SecretState =>
      secret.uid === seen.uid && secret.identity === undefined
        ? { ...secret, identity: seen.identity }
        : secret;
    const { inspection } = snapshot;
    const filled = { ...snapshot, secrets: snapshot.secrets.map(fill) };
    if (inspection?.kind !== "found") return filled;
    return { ...filled, inspection: { ...inspection, secret: fill(inspection.secret) } };
  }

  /** Takes note of a settled binding: its Secret serves the identity that is wanted now. */
  note(key: string, { ours, wanted }: Situation): void {
    if (ours === undefined || ours.secret.identity !== undefined) return;
    if (wanted.kind === "fault" || wanted.identityHash === undefined) return;
    this.#seen.set(key, { uid: ours.secret.uid, identity: wanted.identityHash });
  }

  /** Forgets a binding that is gone. */
  forget(key: string): void {
    this.#seen.delete(key);
  }
}
