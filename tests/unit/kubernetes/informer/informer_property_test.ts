import assert from "node:assert/strict";
import fc from "fast-check";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import { Informer } from "../../../../src/kubernetes/informer/informer.ts";
import type {
  ListOptions,
  ListWatch,
  Page,
  Stored,
  WatchEvent,
  WatchOptions,
} from "../../../../src/kubernetes/resources/resource_client.ts";
import {
  added,
  bookmark,
  deleted,
  modified,
  settle,
  TestClock,
  type Widget,
  widget,
} from "./informer_harness.ts";

const NAMES = ["a", "b", "c", "d"];

type Objects = ReadonlyMap<string, Stored<Widget>>;

/** The answer to an own write or deletion, on its way to the informer. */
type Echo = { written: Stored<Widget> } | { forgotten: { name: string; uid: string } };

/**
 * A server with one resource: a version that grows with each write, lists that show one moment over
 * all their pages, and watches that tell every change in its order. Nothing is answered or told
 * before `answer` and `tell`.
 */
class ModelServer implements ListWatch<Widget> {
  objects: Objects = new Map();
  readonly echoes: Echo[] = [];
  #version = 10;
  #created = 0;
  readonly #history: { version: number; event: WatchEvent<Widget> }[] = [];
  readonly #places: { objects: Objects; version: number; at: number }[] = [];
  readonly #calls: { answer(): void; expire(): void; fail(): void }[] = [];
  #watch:
    | { controller: ReadableStreamDefaultController<WatchEvent<Widget>>; told: number }
    | undefined;

  /** Someone creates or changes an object; an own write's answer comes back later. */
  write(name: string, own: boolean): void {
    const held = this.objects.get(name);
    const version = ++this.#version;
    const uid = held?.metadata.uid ?? `uid-${++this.#created}`;
    const object = widget(name, version, uid);
    this.objects = new Map(this.objects).set(name, object);
    this.#history.push({ version, event: held ? modified(object) : added(object) });
    if (own) this.echoes.push({ written: object });
  }

  remove(name: string, own: boolean): void {
    const held = this.objects.get(name);
    if (!held) return;
    const version = ++this.#version;
    const left = new Map(this.objects);
    left.delete(name);
    this.objects = left;
    const { uid } = held.metadata;
    this.#history.push({ version, event: deleted(widget(name, version, uid)) });
    if (own) this.echoes.push({ forgotten: { name, uid } });
  }

  /** Whether this object is gone, or was replaced by one of the same name. */
  hasEnded({ metadata }: Stored<Widget>): boolean {
    return this.objects.get(metadata.name)?.metadata.uid !== metadata.uid;
  }

  list(options: ListOptions): Promise<Page<Widget>> {
    const now = () => ({ objects: this.objects, version: this.#version, at: 0 });
    const asked = now();
    return this.#call(() => {
      // A consistent list shows any one moment between question and answer.
      const moment = this.#version % 2 ? asked : now();
      const from = options.continue === undefined
        ? moment
        : this.#places[Number(options.continue)]!;
      const items = [...from.objects.values()].sort((one, other) =>
        one.metadata.name < other.metadata.name ? -1 : 1
      );
      const end = options.limit === undefined ? items.length : from.at + options.limit;
      const shown = { items: items.slice(from.at, end), resourceVersion: `${from.version}` };
      if (end >= items.length) return shown;
      return { ...shown, continue: `${this.#places.push({ ...from, at: end }) - 1}` };
    });
  }
  watch(options: WatchOptions): Promise<ReadableStream<WatchEvent<Widget>>> {
    return this.#call(() => {
      const told = Number(options.resourceVersion);
      return new ReadableStream<WatchEvent<Widget>>({
        start: (controller) => void (this.#watch = { controller, told }),
        cancel: () => void (this.#watch = undefined),
      });
    });
  }

  /** Answers the call that waits, if one does. */
  answer = (): void => this.#calls.shift()?.answer();
  expire = (): void => this.#calls.shift()?.expire();
  fail = (): void => this.#calls.shift()?.fail();

  /** Tells the watch its next event. Answers false when there is none. */
  tell = (): boolean => {
    const watch = this.#watch;
    const next = watch && this.#history.find(({ version }) => version > watch.told);
    if (!next) return false;
    watch.told = next.version;
    watch.controller.enqueue(next.event);
    return true;
  };

  bookmark = (): void => this.#watch?.controller.enqueue(bookmark(this.#watch.told));

  endWatch(how: "close" | "break" | "expire"): void {
    const controller = this.#watch?.controller;
    this.#watch = undefined;
    if (how === "close") controller?.close();
    if (how === "break") controller?.error(failure(0, "Truncated"));
    if (how === "expire") controller?.enqueue({ type: "ERROR", error: failure(410, "Expired") });
  }

  get isQuiet(): boolean {
    return this.#calls.length === 0 && this.#watch !== undefined;
  }

  #call<R>(answer: () => R): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    this.#calls.push({
      answer: () => resolve(answer()),
      expire: () => reject(failure(410, "Expired")),
      fail: () => reject(failure(0, "Unreachable")),
    });
    return promise;
  }
}

function failure(code: number, reason: string): ApiError {
  return new ApiError({ code, reason, message: reason });
}

type Step =
  | { do: "write" | "remove"; name: string; own: boolean }
  | { do: "echo"; which: number }
  | { do: "tell" | "bookmark" | "answer" | "expire" | "fail" }
  | { do: "endWatch"; how: "close" | "break" | "expire" }
  | { do: "wait" };

const name = fc.constantFrom(...NAMES);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("write"), name, own: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("remove"), name, own: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("echo"), which: fc.nat() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("tell", "answer") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("bookmark", "expire", "fail") }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("endWatch"),
      how: fc.constantFrom("close", "break", "expire"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait") }) },
) as fc.Arbitrary<Step>;

/** An informer on a model server, whose every change is checked as it is told. */
class Trial {
  readonly clock = new TestClock();
  readonly server = new ModelServer();
  readonly informer: Informer<Widget>;
  readonly mirror = new Map<string, Stored<Widget>>();
  readonly #forgotten = new Set<string>();
  readonly failures: unknown[] = [];

  constructor() {
    this.informer = new Informer<Widget>({
      name: "widgets",
      resource: this.server,
      clock: this.clock,
      random: () => 0.5,
      pageSize: 2,
      keep: (object) => object,
      report: { callbackFailed: (error) => this.failures.push(error) },
    });
    this.informer.addIndex("color", ({ spec }) => [spec!.color]);
    this.informer.subscribe({
      changed: (object, previous) => this.#changed(object, previous),
      removed: (object) => this.#removed(object),
    });
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case "write":
      case "remove":
        this.server[step.do](step.name, step.own);
        break;
      case "echo":
        this.#echo(step.which);
        break;
      case "endWatch":
        this.server.endWatch(step.how);
        break;
      case "wait":
        await this.clock.advance(30_000);
        break;
      default:
        this.server[step.do]();
    }
    await settle();
    this.check();
  }

  /** Lets everything that is under way arrive. */
  async finish(): Promise<void> {
    while (this.server.echoes.length > 0) this.#echo(0);
    for (let turn = 0; turn < 20 && !this.server.isQuiet; turn++) {
      this.server.answer();
      await this.clock.advance(30_000);
    }
    assert.equal(this.server.isQuiet, true, "the informer never came back to a watch");
    while (this.server.tell()) await settle();
    this.check();
  }

  /** What was told, what is held and what the index finds are the same. */
  check(): void {
    assert.deepEqual(this.failures, []);
    assert.deepEqual(held(this.informer.values()), held(this.mirror.values()));
    const found = ["red", "blue"].flatMap((color) => this.informer.byIndex("color", color));
    assert.deepEqual(held(found), held(this.mirror.values()));
  }

  #echo(which: number): void {
    const [echo] = this.server.echoes.splice(which % Math.max(1, this.server.echoes.length), 1);
    if (!echo) return;
    if ("forgotten" in echo) {
      const { name, uid } = echo.forgotten;
      this.informer.forget("ns", name, uid);
      this.#forgotten.add(uid);
      return;
    }
    const { written } = echo;
    this.informer.observe(written);
    const now = this.informer.get("ns", written.metadata.name);
    const isSeen = now !== undefined && versionOf(now) >= versionOf(written);
    assert(isSeen || this.server.hasEnded(written), "an own write that is not seen");
  }

  #changed(object: Stored<Widget>, previous: Stored<Widget> | undefined): void {
    const { name, uid } = object.metadata;
    assert.equal(this.mirror.get(name), previous, "a change from something never told");
    assert(!previous || versionOf(object) > versionOf(previous), "a step back");
    assert(!this.#forgotten.has(uid), "a return of something forgotten");
    this.mirror.set(name, object);
  }

  #removed(object: Stored<Widget>): void {
    const { name } = object.metadata;
    assert.equal(this.mirror.get(name), object, "an end of something never told");
    assert(this.server.hasEnded(object), "an end of something that lives on");
    this.mirror.delete(name);
  }
}

function versionOf(object: Stored<Widget>): number {
  return Number(object.metadata.resourceVersion);
}

function held(objects: Iterable<Stored<Widget>>): string[] {
  return [...objects].map(({ metadata }) =>
    `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`
  )
    .sort();
}

Deno.test("whatever overtakes what, the server's state is what remains, and nothing goes back in time", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80, size: "max" }), async (steps) => {
      const trial = new Trial();
      const stop = new AbortController();
      const running = trial.informer.run(stop.signal);
      await settle();
      for (const each of steps) await trial.take(each);
      await trial.finish();
      stop.abort();
      trial.server.fail();
      await running;
      assert.deepEqual(held(trial.informer.values()), held(trial.server.objects.values()));
      assert.equal(trial.clock.timers, 0);
    }),
    { numRuns: 300 },
  );
});
