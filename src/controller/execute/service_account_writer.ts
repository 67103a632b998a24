import type { ServiceAccount, ServiceAccountClient } from "../../kubernetes/resources/built_in.ts";
import { isConflict, isNotFound } from "../../kubernetes/http/errors.ts";
import type { Stored } from "../../kubernetes/resources/resource_client.ts";
import { pullSecretsOf } from "../cluster/objects.ts";
import { FairRoom } from "../../runtime/fairness/fair_room.ts";
import { quote } from "../../runtime/text/quote.ts";
import type { BindingApis } from "../binding/apis.ts";
import { UndoneError } from "./undone.ts";
import { missingReferences } from "./written.ts";

/** Which Secrets a ServiceAccount is to name (true) and which not (false). */
export type References = ReadonlyMap<string, boolean>;

/** What the writer needs from its surroundings. */
export interface ServiceAccountWriterOptions {
  readonly client: Pick<ServiceAccountClient, "get" | "patch">;
  /** The account as last seen; undefined where it is not known as a whole, and must be read. */
  readonly cached: (namespace: string, name: string) => Stored<ServiceAccount> | undefined;
  /** Those in whose order an account names Secrets. */
  readonly apis: BindingApis;
  /** Takes in the account as it is after a write, or as it was read. */
  readonly observe: (account: Stored<ServiceAccount>) => void;
  /** Takes in that the account of that UID is gone. */
  readonly forget: (namespace: string, name: string, uid: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Accounts that must be read are large: what is read and what is written of them is in memory. */
const MOST_READ_AT_ONCE = 2;

/** Conflicts in a row after which an account counts as contended. */
const MOST_TRIES = 8;

/** Gives the asker's place up while `wait` runs. */
export type Outside = <T>(wait: () => Promise<T>) => Promise<T>;

/** References that will be written together. */
interface Batch {
  readonly references: Map<string, boolean>;
  readonly written: Promise<Undone>;
}

/** Those references of a batch that are not as they were written, by the answer to the write. */
type Undone = readonly string[];

/**
 * Writes references to Secrets into ServiceAccounts. What is asked of one account while a write to
 * it is under way goes into the next, together: many bindings of one account cost few writes.
 */
export class ServiceAccountWriter {
  readonly #options: ServiceAccountWriterOptions;
  /** Batches that wait for a write to end, by account. */
  readonly #waiting = new Map<string, Batch>();
  /** The last write to each account that has one. */
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #room: FairRoom;

  constructor(options: ServiceAccountWriterOptions) {
    this.#options = options;
    this.#room = new FairRoom(MOST_READ_AT_ONCE, options.now);
  }

  /**
   * Resolves when the account names what it should. Rejects with the ApiError of the write, and with
   * an UndoneError where its answer shows other references than were asked for here. Who only waits
   * for the writes of others does so `outside`: of all bindings of an account, one holds a place.
   */
  async write(
    namespace: string,
    name: string,
    references: References,
    signal: AbortSignal,
    outside: Outside = (wait) => wait(),
  ): Promise<void> {
    const undone = await this.#enqueue(namespace, name, references, signal, outside);
    const ours = undone.filter((secret) => references.has(secret));
    if (ours.length === 0) return;
    throw UndoneError.byAdmission(
      ours.map((secret) =>
        `the ${references.get(secret) ? "reference" : "removal of the reference"} to ${
          quote(secret)
        }`
      ),
    );
  }

  #enqueue(
    namespace: string,
    name: string,
    references: References,
    signal: AbortSignal,
    outside: Outside,
  ): Promise<Undone> {
    const key = `${namespace}/${name}`;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      for (const [secret, present] of references) waiting.references.set(secret, present);
      return outside(() => waiting.written);
    }
    const gathered = new Map(references);
    const before = this.#last.get(key);
    const patch = () => this.#patch(namespace, name, gathered, { signal, outside });
    const written = before === undefined
      ? patch()
      : this.#patchAfter(() => outside(() => before.catch(() => {})), key, patch);
    if (before !== undefined) this.#waiting.set(key, { references: gathered, written });
    const ended = written.finally(() => {
      if (this.#last.get(key) === ended) this.#last.delete(key);
    });
    // Its failure belongs to those who wait for `written`; here only its end counts.
    ended.catch(() => {});
    this.#last.set(key, ended);
    return written;
  }

  async #patchAfter(
    before: () => Promise<unknown>,
    key: string,
    patch: () => Promise<Undone>,
  ): Promise<Undone> {
    await before();
    this.#waiting.delete(key);
    return await patch();
  }

  async #patch(
    namespace: string,
    name: string,
    references: References,
    { signal, outside }: { readonly signal: AbortSignal; readonly outside: Outside },
  ): Promise<Undone> {
    const { client, cached } = this.#options;
    const read = () => client.get(namespace, name, { signal });
    const account = cached(namespace, name);
    const patch = (change: Change | undefined) => this.#carryOut(change, references, signal, read);
    if (account !== undefined) return await patch(this.#changeOf(account, references));
    const readAndPatch = async () => patch(this.#changeOf(await read(), references));
    return await this.#room.run(namespace, readAndPatch, { signal, outside });
  }

  async #carryOut(
    first: Change | undefined,
    references: References,
    signal: AbortSignal,
    read: () => Promise<Stored<ServiceAccount>>,
  ): Promise<Undone> {
    const { client, observe, forget } = this.#options;
    let change = first;
    for (let tries = 1; change !== undefined; tries++) {
      const { namespace, name, uid, body } = change;
      try {
        const written = await client.patch(namespace, name, { type: "merge", body }, { signal });
        observe(written);
        return missingReferences(references, pullSecretsOf(written));
      } catch (error) {
        // Whatever the watch has told meanwhile, such as of one made anew, is not what was asked of.
        if (isNotFound(error)) forget(namespace, name, uid);
        if (!isConflict(error) || tries >= MOST_TRIES) throw error;
        change = this.#changeOf(await this.#readAfter(change, read), references);
      }
    }
    return [];
  }

  #changeOf(account: Stored<ServiceAccount>, references: References): Change | undefined {
    const { namespace, name, uid } = account.metadata;
    const body = referencePatch(account, references, this.#options.apis);
    return body && { namespace, name, uid, body };
  }

  async #readAfter(
    { namespace, name, uid }: Change,
    read: () => Promise<Stored<ServiceAccount>>,
  ): Promise<Stored<ServiceAccount>> {
    const { observe, forget } = this.#options;
    try {
      const account = await read();
      observe(account);
      return account;
    } catch (error) {
      if (isNotFound(error)) forget(namespace, name, uid);
      throw error;
    }
  }
}

/** A write to an account, without the account, which may be large. */
interface Change {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly body: Record<string, unknown>;
}

/**
 * A merge patch that adds and removes our names and puts the list in order, or undefined when the
 * account has it all. The API server knows imagePullSecrets only as a whole (listType atomic). So
 * the patch names the version that it was made from. What others write at the same moment makes it
 * a conflict, and is kept.
 */
export function referencePatch(
  account: Stored<ServiceAccount>,
  references: References,
  apis: BindingApis,
): Record<string, unknown> | undefined {
  const { uid, resourceVersion } = account.metadata;
  const present = pullSecretsOf(account);
  const known = new Set(present);
  const added = [...references].filter(([name, wanted]) => wanted && !known.has(name));
  const kept = present.filter((name) => references.get(name) !== false);
  if (added.length === 0 && kept.length === present.length) return undefined;
  const names = apis.inOrder([...kept, ...added.map(([name]) => name)]);
  return {
    metadata: { uid, resourceVersion },
    imagePullSecrets: names.map((name) => ({ name })),
  };
}
