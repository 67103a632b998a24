import type { ServiceAccount, ServiceAccountClient } from "../../kubernetes/resources/built_in.ts";
import { isConflict, isInvalid, isNotFound } from "../../kubernetes/http/errors.ts";
import type { Stored } from "../../kubernetes/resources/resource_client.ts";
import { pullSecretsOf } from "../cluster/cached_service_account.ts";
import { quote } from "../../runtime/text/quote.ts";
import type { BindingApis } from "../binding/apis.ts";
import { type Change, changeOf, type References } from "./account_change.ts";
import { UndoneError } from "./undone.ts";
import { missingReferences } from "./written.ts";

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
}

/** Conflicts in a row after which an account counts as contended. */
const MOST_TRIES = 8;

/** One write names a thousand references; a namespace has no more than some ten thousand. */
const MOST_PARTS = 32;

/** The asker's place among those who work. */
export interface WritePlace {
  /** Gives it up while the asker waits for the writes of others to the account. */
  behindOthers<T>(wait: () => Promise<T>): Promise<T>;
  /** Gives it up while the account is read, for which it may have to wait for its turn. */
  outside<T>(read: () => Promise<T>): Promise<T>;
  /** A step has ended: those behind it are nearer to their turn. */
  moved(): void;
}

const NO_PLACE: WritePlace = {
  behindOthers: (wait) => wait(),
  outside: (read) => read(),
  moved: () => {},
};

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

  constructor(options: ServiceAccountWriterOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the account names what it should. Rejects with the ApiError of the write, and with
   * an UndoneError where its answer shows other references than were asked for here. Of all bindings
   * of an account, one holds its `place`.
   */
  async write(
    namespace: string,
    name: string,
    references: References,
    signal: AbortSignal,
    place: WritePlace = NO_PLACE,
  ): Promise<void> {
    const undone = await this.#enqueue(namespace, name, references, signal, place);
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
    place: WritePlace,
  ): Promise<Undone> {
    const key = `${namespace}/${name}`;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      for (const [secret, present] of references) waiting.references.set(secret, present);
      return place.behindOthers(() => waiting.written);
    }
    const gathered = new Map(references);
    const before = this.#last.get(key);
    const patch = () => this.#patch(namespace, name, gathered, signal, place);
    const written = before === undefined
      ? patch()
      : this.#patchAfter(() => place.behindOthers(() => before.catch(() => {})), key, patch);
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

  /** Nothing but the changes is kept of an account while a write to it is under way. */
  async #patch(
    namespace: string,
    name: string,
    references: References,
    signal: AbortSignal,
    place: WritePlace,
  ): Promise<Undone> {
    const { client, cached } = this.#options;
    const read = async () => {
      const change = await place.outside(async () =>
        this.#seen(await client.get(namespace, name, { signal }), references)
      );
      place.moved();
      return change;
    };
    const account = cached(namespace, name);
    let change = account === undefined ? await read() : this.#changeOf(account, references);
    let [tries, parts] = [1, 1];
    while (change !== undefined) {
      place.moved();
      try {
        const { undone, next } = await this.#write(change, references, signal);
        if (next === undefined || parts++ >= MOST_PARTS) return undone;
        change = next;
      } catch (error) {
        if (tries++ >= MOST_TRIES) throw error;
        const before = change;
        change = await this.#readAfter(before, error, read);
        // What is invalid by a rule of admission would be so again.
        if (isInvalid(error) && change?.resourceVersion === before.resourceVersion) throw error;
      }
    }
    return [];
  }

  /** Answers what of the references is not there by now, and what is left to be written of them. */
  async #write(
    { namespace, name, uid, patch, references: written, isPart }: Change,
    references: References,
    signal: AbortSignal,
  ): Promise<{ undone: Undone; next?: Change | undefined }> {
    const { client, observe, forget } = this.#options;
    try {
      const account = await client.patch(namespace, name, patch, { signal });
      observe(account);
      const names = pullSecretsOf(account);
      const undone = missingReferences(references, names);
      const goesOn = isPart && missingReferences(written, names).length === 0;
      return goesOn ? { undone, next: this.#changeOf(account, references) } : { undone };
    } catch (error) {
      // Whatever the watch has told meanwhile, such as of one made anew, is not what was asked of.
      if (isNotFound(error)) forget(namespace, name, uid);
      throw error;
    }
  }

  async #readAfter(
    { namespace, name, uid, isByIndex }: Change,
    error: unknown,
    read: () => Promise<Change | undefined>,
  ): Promise<Change | undefined> {
    if (!isConflict(error) && !(isByIndex && isInvalid(error))) throw error;
    try {
      return await read();
    } catch (readError) {
      if (isNotFound(readError)) this.#options.forget(namespace, name, uid);
      throw readError;
    }
  }

  #seen(account: Stored<ServiceAccount>, references: References): Change | undefined {
    this.#options.observe(account);
    return this.#changeOf(account, references);
  }

  #changeOf(account: Stored<ServiceAccount>, references: References): Change | undefined {
    return changeOf(account, references, this.#options.apis);
  }
}
