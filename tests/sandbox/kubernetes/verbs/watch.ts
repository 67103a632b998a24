import type { Core } from "../core.ts";
import { encodeOne } from "../http/encode.ts";
import type { Representation } from "../http/negotiation.ts";
import { ConnectionLost } from "../http/faults.ts";
import { type ListOptions, listOptions } from "../http/options.ts";
import { ApiError, invalid, serverError } from "../model/errors.ts";
import { forbiddenField } from "../model/field_errors.ts";
import type { JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/object.ts";
import { apiVersionOf } from "../model/resource.ts";
import type { StoredEvent } from "../storage/history.ts";
import { tableOf } from "../table/table.ts";
import type { Call } from "./call.ts";
import { listNamespace } from "./list.ts";
import { combinedSelector, type Selector } from "./selectors.ts";

/** How a running watch can be ended from outside. */
export type WatchEnd = "end" | "error" | "silent";

/** A running watch, as the server keeps it to end or disturb it. */
export interface RunningWatch {
  readonly call: Call;
  stop(how: WatchEnd): void;
}

/** What a watch needs besides its call. */
export interface WatchSettings {
  readonly bookmarkIntervalMs: number;
  readonly running: Set<RunningWatch>;
}

const INITIAL_EVENTS_END = "k8s.io/initial-events-end";
/** The real server ends a watch after a random time between 30 and 60 minutes. */
const SHORTEST_WATCH_MS = 30 * 60_000;

/** Answers a watch: a stream of events, one JSON object a line. */
export function watch(
  core: Core,
  call: Call,
  representation: Representation,
  settings: WatchSettings,
): ReadableStream<Uint8Array> {
  const options = listOptions(call.url);
  checkOptions(options);
  const selector = combinedSelector(options, call.type);
  const session = new WatchSession(core, call, representation, options, selector, settings);
  return session.stream;
}

function checkOptions(options: ListOptions): void {
  const kind = { group: "meta.k8s.io", kind: "ListOptions" };
  const { sendInitialEvents: initial, resourceVersionMatch: match } = options;
  if (initial !== undefined && match !== "NotOlderThan") {
    const why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
    throw invalid(kind, "", [forbiddenField("resourceVersionMatch", why)]);
  }
  const { resourceVersion: from } = options;
  if (from !== "" && !/^\d+$/.test(from)) {
    const text = JSON.stringify(from);
    throw serverError(
      `resourceVersion: Invalid value: ${text}: strconv.ParseUint: parsing ${text}: invalid syntax`,
    );
  }
  if (initial === undefined && match !== "") {
    const why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
    throw invalid(kind, "", [forbiddenField("resourceVersionMatch", why)]);
  }
}

class WatchSession implements RunningWatch {
  readonly stream: ReadableStream<Uint8Array>;
  readonly call: Call;
  readonly #core: Core;
  readonly #representation: Representation;
  readonly #options: ListOptions;
  readonly #selector: Selector | undefined;
  readonly #settings: WatchSettings;
  readonly #cleanups: (() => void)[] = [];
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #forget = () => {};
  #columnsSent = false;
  #done = false;

  constructor(
    core: Core,
    call: Call,
    representation: Representation,
    options: ListOptions,
    selector: Selector | undefined,
    settings: WatchSettings,
  ) {
    this.#core = core;
    this.call = call;
    this.#representation = representation;
    this.#options = options;
    this.#selector = selector;
    this.#settings = settings;
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        this.#start();
      },
      cancel: () => this.#cleanUp(),
    });
  }

  stop(how: WatchEnd): void {
    if (this.#done) return;
    if (how === "silent") {
      this.#detach();
      return;
    }
    this.#cleanUp();
    if (how === "end") this.#controller.close();
    else this.#controller.error(new ConnectionLost("connection reset"));
  }

  #fail(reason: unknown): void {
    if (this.#done) return;
    this.#cleanUp();
    this.#controller.error(reason);
  }

  #start(): void {
    const collection = this.#core.store.collection(this.call.type);
    try {
      this.#replay();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#send("ERROR", JSON.stringify(error.status));
      this.#controller.close();
      this.#done = true;
      return;
    }
    const listener = (event: StoredEvent) => this.#offer(event);
    collection.listeners.add(listener);
    this.#settings.running.add(this);
    this.#cleanups.push(() => collection.listeners.delete(listener));
    this.#startTimers();
  }

  /** Sends what happened before the watch began, as far as it was asked for. */
  #replay(): void {
    const collection = this.#core.store.collection(this.call.type);
    const { resourceVersion: from, sendInitialEvents: initial } = this.#options;
    const present = initial ?? (from === "" || from === "0");
    if (!present) {
      for (const event of from === "" ? [] : collection.history.since(Number(from))) {
        this.#offer(event);
      }
      return;
    }
    for (const object of collection.list(listNamespace(this.call))) {
      if (this.#matches(object)) this.#sendObject("ADDED", object);
    }
    if (initial && this.#options.bookmarks) this.#bookmark({ [INITIAL_EVENTS_END]: "true" });
  }

  #startTimers(): void {
    const { clock, random } = this.#core;
    const seconds = this.#options.timeoutSeconds;
    const lasts = seconds === undefined ? SHORTEST_WATCH_MS * (1 + random()) : seconds * 1000;
    this.#cleanups.push(clock.after(lasts, () => this.stop("end")));
    const onAbort = () => this.#fail(this.call.signal.reason);
    this.call.signal.addEventListener("abort", onAbort, { once: true });
    this.#forget = () => this.call.signal.removeEventListener("abort", onAbort);
    if (this.#options.bookmarks) this.#scheduleBookmark();
  }

  #scheduleBookmark(): void {
    let cancel = () => {};
    const schedule = () => {
      cancel = this.#core.clock.after(this.#settings.bookmarkIntervalMs, () => {
        this.#bookmark();
        schedule();
      });
    };
    schedule();
    this.#cleanups.push(() => cancel());
  }

  #matches(object: KubeObject): boolean {
    const namespace = listNamespace(this.call);
    if (namespace !== undefined && (object.metadata.namespace ?? "") !== namespace) return false;
    return this.#selector?.(object) ?? true;
  }

  /** An object that enters the selection is ADDED, one that leaves it DELETED. */
  #offer(event: StoredEvent): void {
    const { object, previous, type } = event;
    const before = previous !== undefined && this.#matches(previous);
    const now = type !== "DELETED" && this.#matches(object);
    if (now) this.#sendObject(before ? "MODIFIED" : "ADDED", object);
    else if (before) this.#sendObject("DELETED", atRevision(previous, object));
  }

  #sendObject(type: string, object: KubeObject): void {
    const { shape } = this.#representation;
    const now = this.#core.clock.now();
    const include = this.call.url.searchParams.get("includeObject") ?? "";
    if (shape !== "table") {
      this.#send(type, encodeOne(object, this.call.type, shape, now, include));
      return;
    }
    const metadata = { resourceVersion: object.metadata.resourceVersion ?? "" };
    const columns = !this.#columnsSent;
    this.#columnsSent = true;
    const table = tableOf([object], this.call.type, metadata, now, include, columns);
    this.#send(type, JSON.stringify(table));
  }

  #bookmark(annotations?: Record<string, string>): void {
    const metadata: JsonObject = {
      resourceVersion: String(this.#core.store.revision),
      ...(annotations === undefined ? {} : { annotations }),
    };
    const { kind } = this.call.type;
    const apiVersion = apiVersionOf(this.call.type);
    const object = { kind, apiVersion, metadata: { name: "", ...metadata } } as KubeObject;
    if (this.#representation.shape !== "object") this.#sendObject("BOOKMARK", object);
    else this.#send("BOOKMARK", JSON.stringify({ kind, apiVersion, metadata }));
  }

  #send(type: string, object: string): void {
    if (this.#done) return;
    this.#controller.enqueue(encoder.encode(`{"type":"${type}","object":${object}}\n`));
  }

  #cleanUp(): void {
    this.#done = true;
    this.#settings.running.delete(this);
    this.#forget();
    this.#detach();
  }

  /** Stops listening and timing, while the stream stays open. */
  #detach(): void {
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
  }
}

const encoder = new TextEncoder();

/** The last state of an object under the version of the write that took it away. */
function atRevision(previous: KubeObject, object: KubeObject): KubeObject {
  const { resourceVersion } = object.metadata;
  if (resourceVersion === undefined) return previous;
  return { ...previous, metadata: { ...previous.metadata, resourceVersion } };
}
