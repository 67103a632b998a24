import assert from "node:assert/strict";
import { createClock } from "@sinonjs/fake-timers";
import { Informer, type InformerOptions } from "../../../../src/kubernetes/informer/informer.ts";
import type {
  Each,
  KubernetesObject,
  ListOptions,
  ListWatch,
  Page,
  Stored,
  WatchEvent,
  WatchOptions,
} from "../../../../src/kubernetes/resources/resource_client.ts";
import type { Clock } from "../../../../src/runtime/time/clock.ts";

/** What the tests' informers hold. */
export interface Widget extends KubernetesObject {
  spec?: { color: string };
}

/** The widget `ns/<name>` in the state `version`; its uid is `uid-<name>` unless given. */
export function widget(name: string, version: number, uid = `uid-${name}`): Stored<Widget> {
  const metadata = { name, namespace: "ns", uid, resourceVersion: `${version}` };
  return { metadata, spec: { color: version % 2 ? "red" : "blue" } };
}

/** A page of a list. */
export function page(version: number, items: Stored<Widget>[], next?: string): Page<Widget> {
  const more = next === undefined ? {} : { continue: next };
  return { items, resourceVersion: `${version}`, ...more };
}

export function added(object: Stored<Widget>): WatchEvent<Widget> {
  return { type: "ADDED", object };
}

export function modified(object: Stored<Widget>): WatchEvent<Widget> {
  return { type: "MODIFIED", object };
}

export function deleted(object: Stored<Widget>): WatchEvent<Widget> {
  return { type: "DELETED", object };
}

export function bookmark(version: number): WatchEvent<Widget> {
  return { type: "BOOKMARK", resourceVersion: `${version}` };
}

/** Time that stands still unless a test moves it. */
export class TestClock implements Clock {
  readonly #fake = createClock();

  now(): number {
    return this.#fake.now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const id = this.#fake.setTimeout(callback, delayMs);
    return () => this.#fake.clearTimeout(id);
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#fake.countTimers();
  }

  /** Moves time from timer to timer and lets whatever these started come to rest. */
  async advance(ms: number): Promise<void> {
    await settle();
    await this.#fake.tickAsync(ms);
    await settle();
  }
}

/** Lets promises that wait for nothing outside come to rest. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}

/** A watch in a test's hands. */
export class ScriptedWatch {
  readonly stream: ReadableStream<WatchEvent<Widget>>;
  cancelled = false;
  #controller!: ReadableStreamDefaultController<WatchEvent<Widget>>;

  constructor() {
    this.stream = new ReadableStream<WatchEvent<Widget>>({
      start: (controller) => void (this.#controller = controller),
      cancel: () => void (this.cancelled = true),
    });
  }

  async send(...events: WatchEvent<Widget>[]): Promise<void> {
    for (const event of events) this.#controller.enqueue(event);
    await settle();
  }

  async end(): Promise<void> {
    this.#controller.close();
    await settle();
  }

  async fail(error: unknown): Promise<void> {
    this.#controller.error(error);
    await settle();
  }
}

/** Never answered, but for an abort. */
export const HANGING = Symbol("hanging");
type Answer<A> = A | Error | typeof HANGING | Promise<A>;
type Step =
  | { list: Partial<ListOptions>; answer: Answer<Page<Widget>>; breaksOff?: Error }
  | { watch: Partial<WatchOptions>; answer: Answer<ScriptedWatch> };

/** Answers the lists and watches of a script in its order, and notes any other as a failure. */
export class ScriptedServer implements ListWatch<Widget> {
  readonly #steps: Step[] = [];
  readonly #failures: unknown[] = [];

  /** A list comes next; the options given here are compared, `limit` is 500 unless given. */
  expectList(answer: Answer<Page<Widget>>, options: Partial<ListOptions> = {}): this {
    this.#steps.push({ list: { limit: 500, continue: undefined, ...options }, answer });
    return this;
  }

  /** A list comes next, and breaks off after these objects. */
  expectBrokenList(objects: Stored<Widget>[], error: Error, options: Partial<ListOptions>): this {
    const answer = page(0, objects);
    this.#steps.push({ list: { continue: undefined, ...options }, answer, breaksOff: error });
    return this;
  }

  /** A list comes next, and is answered when the test says so. */
  expectPendingList(
    options: Partial<ListOptions> = {},
  ): { resolve(page: Page<Widget>): Promise<void> } {
    const { promise, resolve } = Promise.withResolvers<Page<Widget>>();
    this.#steps.push({ list: { limit: 500, continue: undefined, ...options }, answer: promise });
    return { resolve: (page) => (resolve(page), settle()) };
  }

  /** A watch from `version` on comes next. Answers it, for the test to drive. */
  expectWatch(version: number, options: Partial<WatchOptions> = {}): ScriptedWatch {
    const watch = new ScriptedWatch();
    const expected = { resourceVersion: `${version}`, ...options };
    this.#steps.push({ watch: expected, answer: watch });
    return watch;
  }

  /** A watch from `version` on comes next, and fails. */
  expectFailingWatch(version: number, answer: Error | typeof HANGING): this {
    this.#steps.push({ watch: { resourceVersion: `${version}` }, answer });
    return this;
  }

  async list(options: ListOptions, each?: Each<Widget>): Promise<Page<Widget>> {
    const step = this.#next("list", options);
    if ("watch" in step) throw this.#fail(`a list instead of ${JSON.stringify(step.watch)}`);
    const answer = await this.#answer(step.list, options, step.answer);
    if (each === undefined) return answer;
    answer.items.forEach(each);
    if (step.breaksOff !== undefined) throw step.breaksOff;
    return { ...answer, items: [] };
  }

  async watch(options: WatchOptions): Promise<ReadableStream<WatchEvent<Widget>>> {
    const step = this.#next("watch", options);
    if ("list" in step) throw this.#fail(`a watch instead of ${JSON.stringify(step.list)}`);
    return (await this.#answer(step.watch, options, step.answer)).stream;
  }

  /** Fails for a request that was not expected, or expected and never sent. */
  verify(): void {
    assert.deepEqual(this.#failures, []);
    assert.deepEqual(this.#steps, [], "requests never sent");
  }

  #next(kind: string, options: object): Step {
    const step = this.#steps.shift();
    if (!step) throw this.#fail(`unexpected ${kind} ${JSON.stringify(options)}`);
    return step;
  }

  #answer<A>(expected: object, options: ListOptions | WatchOptions, answer: Answer<A>): Promise<A> {
    const named = Object.keys(expected) as (keyof typeof options)[];
    const actual = Object.fromEntries(named.map((name) => [name, options[name]]));
    try {
      assert.deepEqual(actual, expected);
    } catch (error) {
      throw this.#fail(error);
    }
    if (answer === HANGING) return untilAborted(options.signal);
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve(answer);
  }

  #fail(failure: unknown): Error {
    this.#failures.push(failure);
    return failure instanceof Error ? failure : new Error(String(failure));
  }
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** All of an object but `metadata.managedFields`. */
export function withoutManagedFields<T extends KubernetesObject>(object: Stored<T>): Stored<T> {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata } as Stored<T>;
}

/** An informer over a scripted server, with a log of all that it tells. */
export class InformerHarness {
  readonly clock = new TestClock();
  readonly server = new ScriptedServer();
  readonly log: string[] = [];
  readonly informer: Informer<Widget>;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: Partial<InformerOptions<Widget>> = {}) {
    const { log } = this;
    this.informer = new Informer<Widget>({
      name: "widgets",
      resource: this.server,
      clock: this.clock,
      random: () => 0.5,
      keep: withoutManagedFields,
      onSilent: () => log.push("silent"),
      report: {
        stateChanged: (state, reason) => log.push(`${state}: ${reason}`),
        failed: ({ reason }, { retryInMs }) => log.push(`failed ${reason}, again in ${retryInMs}`),
        callbackFailed: (error) => log.push(`callback threw ${error}`),
      },
      ...options,
    });
    this.informer.subscribe({
      changed: (object, previous) => log.push(`changed ${show(object)} from ${show(previous)}`),
      removed: (object) => log.push(`removed ${show(object)}`),
      synced: () => log.push("synced"),
    });
  }

  /** Starts the informer and lets it come as far as the script goes. */
  async start(): Promise<void> {
    this.#running = this.informer.run(this.#stop.signal);
    await settle();
  }

  /** Starts with a list of these, at `version`; the log begins afterwards. */
  async startSynced(version: number, ...objects: Stored<Widget>[]): Promise<ScriptedWatch> {
    this.server.expectList(page(version, objects));
    const watch = this.server.expectWatch(version);
    await this.start();
    assert.equal(this.informer.state, "synced");
    this.log.length = 0;
    return watch;
  }

  /** What is held, as `name@version`. */
  held(): string[] {
    return [...this.informer.values()].map(show).sort();
  }

  /** What was told since the last call. */
  told(): string[] {
    return this.log.splice(0);
  }

  /** Ends the informer; fails when it leaves a timer or the script was not followed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("stopped"));
    await this.#running;
    assert.equal(this.clock.timers, 0, "timers left behind");
    this.server.verify();
  }
}

function show(object: Stored<Widget> | undefined): string {
  if (!object) return "nothing";
  const { name, resourceVersion, uid } = object.metadata;
  return `${name}@${resourceVersion}${uid === `uid-${name}` ? "" : ` (${uid})`}`;
}
