import assert from "node:assert/strict";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import { DEFAULT_LIMITS } from "../../../../src/kubernetes/events/correlator.ts";
import { EventRecorder, type EventSubject } from "../../../../src/kubernetes/events/recorder.ts";
import { loggerOver } from "../../../../src/telemetry/log/logger.ts";
import { FakeTime } from "../fake_time.ts";
import { FakeEvents, refusal } from "./fake_events.ts";

const MINUTE = 60_000;

function subject(namespace = "team", uid = `uid-${namespace}`): EventSubject {
  return { apiVersion: "v1", kind: "Thing", namespace, name: "web", uid };
}

class Bench {
  readonly time = new FakeTime();
  readonly events = new FakeEvents();
  readonly log: string[] = [];
  readonly recorder: EventRecorder;
  readonly #root = new AbortController();
  #running: Promise<void> | undefined;
  ended = false;
  /** By how much the wall clock has been set. */
  offsetMs = 0;

  constructor() {
    this.recorder = new EventRecorder({
      events: this.events,
      reporter: { component: "acrpull", instance: "pod-1" },
      clock: this.time.skewed(() => this.offsetMs),
      random: () => 0.5,
      log: loggerOver(
        ({ level, message }) => this.log.push(`${level}: ${message}`),
        this.time.clock,
      ),
      limits: { ...DEFAULT_LIMITS, burst: 10_000 },
    });
  }

  run(): this {
    this.#running = this.recorder.run(this.#root.signal).then(() => {
      this.ended = true;
    });
    return this;
  }

  abort(): void {
    this.#root.abort(new Error("terminated"));
  }

  async end(): Promise<void> {
    this.abort();
    await this.time.pass(500);
    assert.equal(this.ended, true, "run has not ended");
    await this.#running;
    assert.equal(this.time.pending, 0, "a timer is left");
  }
}

Deno.test("an occurrence is written as one Event, its repetitions as its count", async () => {
  const bench = new Bench().run();
  bench.recorder.record(subject(), "Normal", "Refreshed", "token refreshed");
  await bench.time.pass(2_000);
  bench.recorder.record(subject(), "Normal", "Refreshed", "token refreshed");
  await bench.time.pass(0);
  assert.deepEqual(bench.events.requests, [
    "create team Refreshed 1",
    'patch team merge {"count":2,"lastTimestamp":"2026-06-01T12:00:02Z"}',
  ]);
  const [event] = bench.events.stored.values();
  assert.deepEqual(
    [event?.count, event?.firstTimestamp, event?.lastTimestamp],
    [2, "2026-06-01T12:00:00Z", "2026-06-01T12:00:02Z"],
  );
  await bench.end();
  assert.deepEqual(bench.log, []);
});

Deno.test("repetitions while the first waits in the queue are folded into its creation", async () => {
  const bench = new Bench();
  for (let i = 0; i < 5; i++) bench.recorder.record(subject(), "Warning", "Failed", "no answer");
  bench.run();
  await bench.time.pass(0);
  assert.deepEqual(bench.events.requests, ["create team Failed 5"]);
  await bench.end();
});

Deno.test("repetitions while the first is being written are patched in afterwards", async () => {
  const bench = new Bench().run();
  bench.events.fate = (request) => request.startsWith("create") ? "answer-lost" : "served";
  bench.recorder.record(subject(), "Warning", "Failed", "no answer");
  await bench.time.pass(1_000);
  bench.recorder.record(subject(), "Warning", "Failed", "no answer");
  await bench.time.pass(9_000);
  bench.events.fate = () => "served";
  await bench.time.pass(1_000);
  assert.deepEqual([...bench.events.stored.values()].map((event) => event.count), [2]);
  assert.deepEqual(bench.events.requests.slice(0, 3), [
    "create team Failed 1",
    "create team Failed 2",
    'patch team merge {"count":2,"lastTimestamp":"2026-06-01T12:00:01Z"}',
  ]);
  await bench.end();
});

Deno.test("an Event that has expired on the server is created again with its count", async () => {
  const bench = new Bench().run();
  bench.recorder.record(subject(), "Normal", "Refreshed", "done");
  await bench.time.pass(1_000);
  bench.events.stored.clear();
  bench.recorder.record(subject(), "Normal", "Refreshed", "done");
  await bench.time.pass(0);
  assert.equal(bench.events.requests.at(-1), "create team Refreshed 2");
  await bench.end();
});

Deno.test("a namespace without rights is told of once and tried every ten minutes", async () => {
  const bench = new Bench().run();
  bench.events.fate = (request) =>
    request.includes(" locked ") ? refusal(403, "Forbidden") : "served";
  const failed = (at: number) => {
    bench.recorder.record(subject("locked"), "Warning", "Failed", `failure ${at}`);
    bench.recorder.record(subject("team"), "Warning", "Failed", `failure ${at}`);
  };
  for (let minute = 0; minute < 25; minute++) {
    failed(minute);
    await bench.time.pass(MINUTE);
  }
  const locked = bench.events.requests.filter((request) => request.includes(" locked "));
  assert.equal(locked.length, 3);
  assert.equal(bench.events.requests.length - locked.length, 25);
  assert.deepEqual(bench.log, [
    "warn: the ServiceAccount may not create Events in namespace locked, so none are written " +
    "there: grant it the verbs create and patch on events to have them",
  ]);
  bench.events.fate = () => "served";
  await bench.time.pass(10 * MINUTE);
  failed(99);
  await bench.time.pass(0);
  failed(100);
  await bench.time.pass(0);
  assert.deepEqual(bench.events.requests.slice(-4), [
    "create locked Failed 1",
    "create team Failed 1",
    "create locked Failed 1",
    "create team Failed 1",
  ]);
  await bench.end();
});

Deno.test("a right lost after it was had is told of again", async () => {
  const bench = new Bench().run();
  const record = (message: string) => bench.recorder.record(subject(), "Normal", "R", message);
  for (const [fate, message] of [[refusal(403, "Forbidden"), "1"], ["served", "2"]] as const) {
    bench.events.fate = () => fate;
    record(message);
    await bench.time.pass(11 * MINUTE);
  }
  bench.events.fate = () => refusal(403, "Forbidden");
  record("3");
  await bench.time.pass(0);
  assert.equal(bench.log.length, 2);
  await bench.end();
});

Deno.test("a namespace without rights is not left alone for as long as a wall clock is set back", async () => {
  const bench = new Bench().run();
  const record = (message: string) => bench.recorder.record(subject(), "Normal", "R", message);
  bench.events.fate = () => refusal(403, "Forbidden");
  record("1");
  await bench.time.pass(0);
  bench.events.fate = () => "served";
  bench.offsetMs = -60 * MINUTE;
  await bench.time.pass(10 * MINUTE);
  record("2");
  await bench.time.pass(0);
  assert.equal(bench.events.requests.length, 2);
  await bench.end();
});

Deno.test("a namespace that is being deleted is no lack of rights and worth no warning", async () => {
  const bench = new Bench().run();
  bench.events.fate = () => refusal(403, "Forbidden", "NamespaceTerminating");
  bench.recorder.record(subject(), "Normal", "Deleted", "gone");
  await bench.time.pass(MINUTE);
  assert.deepEqual(bench.events.requests, ["create team Deleted 1"]);
  assert.deepEqual(bench.log, [
    "debug: Event not written, as its namespace is being deleted or gone",
  ]);
  await bench.end();
});

Deno.test("a failure of the server is retried with growing waits, then told of once", async () => {
  const bench = new Bench().run();
  bench.events.fate = () => refusal(500, "InternalError");
  bench.recorder.record(subject(), "Normal", "R", "m");
  await bench.time.pass(5 * MINUTE);
  assert.equal(bench.events.requests.length, 6);
  assert.deepEqual(bench.log, ["warn: Event could not be written"]);
  await bench.end();
});

Deno.test("an Event that the server finds invalid is told of at once and holds up no other", async () => {
  const bench = new Bench().run();
  bench.events.fate = (request) => request.includes("Bad") ? refusal(422, "Invalid") : "served";
  bench.recorder.record(subject(), "Normal", "Bad", "m");
  bench.recorder.record(subject(), "Normal", "Good", "m");
  await bench.time.pass(0);
  assert.deepEqual(bench.events.requests, ["create team Bad 1", "create team Good 1"]);
  assert.deepEqual(bench.log, ["warn: Event could not be written"]);
  await bench.end();
});

Deno.test("the queue is bounded, and what it could not take is told of as a number", async () => {
  const bench = new Bench().run();
  bench.events.fate = () => "hangs";
  bench.recorder.record(subject(), "Normal", "R", "first");
  await bench.time.pass(0);
  for (let i = 0; i < 1_500; i++) {
    bench.recorder.record(subject("team", `u${i}`), "Normal", "R", "m");
  }
  bench.events.fate = () => "served";
  await bench.time.pass(MINUTE);
  assert.equal(bench.events.stored.size, 1_001);
  assert.deepEqual(bench.log, [
    "warn: Events were dropped, as the API server was too slow for them",
  ]);
  await bench.end();
});

Deno.test("at the end the queue is written out, and nothing is taken after that", async () => {
  const bench = new Bench();
  bench.recorder.record(subject(), "Normal", "One", "m");
  bench.recorder.record(subject(), "Normal", "Two", "m");
  bench.abort();
  bench.run();
  await bench.end();
  bench.recorder.record(subject(), "Normal", "Three", "m");
  assert.deepEqual(bench.events.requests, ["create team One 1", "create team Two 1"]);
});

Deno.test("an API server that hangs delays the end by half a second and no more", async () => {
  const bench = new Bench().run();
  bench.events.fate = () => "hangs";
  for (const reason of ["One", "Two"]) bench.recorder.record(subject(), "Normal", reason, "m");
  await bench.time.pass(1_000);
  bench.abort();
  await bench.time.pass(499);
  assert.equal(bench.ended, false);
  await bench.end();
  assert.deepEqual(bench.log, ["warn: the last Events could not be written"]);
});

Deno.test("an API server that is down at the end is told of once, however much is left", async () => {
  const bench = new Bench();
  bench.events.fate = () => refusal(503, "ServiceUnavailable");
  for (let i = 0; i < 50; i++) bench.recorder.record(subject("team", `u${i}`), "Normal", "R", "m");
  bench.abort();
  bench.run();
  await bench.end();
  assert.deepEqual(bench.log, ["warn: the last Events could not be written"]);
});

const WEBHOOK = 'admission webhook "short.example.com" denied the request: message is too long';
const POLICY = "events \"web.1\" is forbidden: ValidatingAdmissionPolicy 'short' with binding " +
  "'short' denied request: message is too long";

/** Whoever refuses a long message, each in its own way. */
const LENGTH_REFUSALS: readonly [who: string, refusal: ApiError][] = [
  ["validation", refusal(422, "Invalid")],
  ["the bound of requests", refusal(413, "RequestEntityTooLarge")],
  ["a webhook", ApiError.fromStatus({ code: 403, reason: "Forbidden", message: WEBHOOK })],
  ["a policy", ApiError.fromStatus({ code: 403, reason: "Forbidden", message: POLICY })],
  ["etcd", ApiError.fromStatus({ code: 500, message: "etcdserver: request is too large" })],
];
const LONG_MESSAGE = `r.azurecr.io said ${"so ".repeat(200)}. Grant the identity AcrPull.`;
const SHORT_MESSAGE = /^RegistryDenied: \.\.\..* Grant the identity AcrPull\.$/;

for (const [who, refused] of LENGTH_REFUSALS) {
  for (const [most, expected] of [[300, SHORT_MESSAGE], [60, /^RegistryDenied$/]] as const) {
    Deno.test(`an Event of which ${who} takes ${most} characters is told shorter`, async () => {
      const bench = new Bench().run();
      bench.events.admit = ({ message }) => message!.length > most ? refused : undefined;
      bench.recorder.record(subject(), "Warning", "RegistryDenied", LONG_MESSAGE);
      await bench.time.pass(60_000);
      bench.recorder.record(subject(), "Warning", "RegistryDenied", LONG_MESSAGE);
      await bench.time.pass(1_000);
      const [event, ...others] = bench.events.stored.values();
      assert.match(event?.message ?? "", expected);
      assert.deepEqual([event?.count, others.length, bench.log], [2, 0, []]);
      await bench.end();
    });
  }
}

Deno.test("an Event that is refused whatever it says is given up, and the log tells", async () => {
  const bench = new Bench().run();
  bench.events.admit = () => refusal(422, "Invalid");
  bench.recorder.record(subject(), "Warning", "RegistryDenied", LONG_MESSAGE);
  await bench.time.pass(1_000);
  assert.equal(bench.events.requests.length, 3);
  assert.deepEqual(bench.log, ["warn: Event could not be written"]);
  await bench.end();
});

Deno.test("a namespace in which writes hang keeps no other waiting, and fills no queue for it", async () => {
  const bench = new Bench().run();
  bench.events.fate = (request) => request.includes(" slow ") ? "hangs" : "served";
  for (let index = 0; index < 3_000; index++) {
    bench.recorder.record(subject("slow", `uid-${index}`), "Warning", "Failed", "no answer");
  }
  await bench.time.pass(1_000);
  for (const namespace of ["one", "two", "three"]) {
    bench.recorder.record(subject(namespace), "Normal", "Attached", "done");
    await bench.time.pass(0);
    assert.equal(bench.events.requests.at(-1), `create ${namespace} Attached 1`);
  }
  const slow = bench.events.requests.filter((request) => request.includes(" slow "));
  assert.equal(slow.length, 1, "one at a time");
  await bench.end();
});

for (const noisy of [1, 4, 16]) {
  Deno.test(`an Event waits for no more than 5 s while webhooks of ${noisy} namespaces hang`, async () => {
    const bench = new Bench().run();
    bench.events.fate = (request) => request.includes(" noisy-") ? "hangs" : "served";
    for (let index = 0; index < 100 * noisy; index++) {
      const namespace = `noisy-${index % noisy}`;
      bench.recorder.record(subject(namespace, `uid-${index}`), "Warning", "Failed", "no answer");
    }
    const ofQuiet = () => bench.events.requests.filter((request) => request.includes(" quiet "));
    let recorded = 0;
    for (const [second, waitMs] of [[0, 5_000], [7, 0], [30, 0], [45, 0], [120, 5_000]] as const) {
      await bench.time.pass(Math.max(0, second * 1_000 - bench.time.elapsed()));
      bench.recorder.record(subject("quiet"), "Warning", "Failed", `at ${second} s`);
      await bench.time.pass(waitMs);
      assert.equal(ofQuiet().length, ++recorded, `at ${second} s`);
    }
    await bench.end();
  });
}

Deno.test("a wait that one namespace was asked for holds no place, and its Events keep their order", async () => {
  const bench = new Bench().run();
  const busy = new ApiError({
    code: 429,
    reason: "TooManyRequests",
    message: "wait",
    retryAfterMs: 60_000,
  });
  bench.events.fate = (request) => request.includes(" busy-") ? busy : "served";
  for (let index = 0; index < 60; index++) {
    const one = subject(`busy-${index % 30}`);
    bench.recorder.record(one, "Warning", index < 30 ? "First" : "Second", "no answer");
  }
  await bench.time.pass(0);
  assert.equal(bench.events.requests.length, 30, "each namespace has had its try");
  bench.recorder.record(subject("quiet"), "Normal", "Attached", "done");
  await bench.time.pass(0);
  assert.equal(bench.events.requests.at(-1), "create quiet Attached 1");
  bench.events.fate = () => "served";
  await bench.time.pass(60_000);
  const ofOne = bench.events.requests.filter((request) => request.includes(" busy-7 "));
  assert.deepEqual(ofOne, [
    "create busy-7 First 1",
    "create busy-7 First 1",
    "create busy-7 Second 1",
  ]);
  await bench.end();
});

Deno.test("at the end a namespace in which writes hang or fail takes no other's last Events", async () => {
  for (const fate of ["hangs", refusal(500, "InternalError")] as const) {
    const bench = new Bench();
    bench.events.fate = (request) => request.includes(" noisy-") ? fate : "served";
    for (let index = 0; index < 32; index++) {
      bench.recorder.record(subject(`noisy-${index % 16}`, `${index}`), "Warning", "Failed", "m");
    }
    bench.recorder.record(subject("quiet"), "Normal", "One", "m");
    bench.recorder.record(subject("quiet"), "Normal", "Two", "m");
    bench.abort();
    bench.run();
    await bench.end();
    const quiet = bench.events.requests.filter((request) => request.includes(" quiet "));
    assert.deepEqual(quiet, ["create quiet One 1", "create quiet Two 1"]);
    assert.deepEqual(bench.log, ["warn: the last Events could not be written"]);
  }
});
