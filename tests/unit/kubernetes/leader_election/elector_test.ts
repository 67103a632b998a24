import assert from "node:assert/strict";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import { LeadershipLost } from "../../../../src/kubernetes/leader_election/elector.ts";
import { FakeLeases, refusal } from "./fake_leases.ts";
import { FakeTime } from "../fake_time.ts";
import { Replica } from "./replica.ts";

/** The start of fake time, and moments after it, as a Lease shows them. */
const at = (seconds: string) => `2026-06-01T12:00:${seconds}000Z`;

function setUp() {
  const time = new FakeTime();
  const leases = new FakeLeases(time);
  return { time, leases };
}

/** Two replicas of which `a` leads and `b` has seen it. */
async function pair() {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases, identity: "a" }).start();
  await time.pass(10);
  const b = new Replica({ time, leases, identity: "b" }).start();
  await time.pass(10);
  return { time, leases, a, b };
}

async function end(time: FakeTime, ...replicas: Replica[]) {
  for (const replica of replicas) replica.terminate();
  await time.pass(20_000);
  assert.deepEqual(replicas.map((replica) => replica.outcome), replicas.map(() => "resolved"));
  assert.equal(time.pending, 0, "a timer is left");
}

Deno.test("a replica alone in an empty namespace creates the Lease and leads at once", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases }).start();
  await time.pass(0);
  assert.deepEqual(leases.stored, {
    metadata: {
      name: "aks.azure.com",
      namespace: "acrpull",
      uid: "lease-uid",
      resourceVersion: "1",
    },
    spec: {
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      acquireTime: at("00.000"),
      renewTime: at("00.000"),
      leaseTransitions: 0,
    },
  });
  assert.deepEqual([a.isLeading, a.elector.isLeader], [true, true]);
  await end(time, a);
  assert.deepEqual(a.log, [
    "info: became leader",
    "info: leader lease released",
  ]);
  assert.deepEqual(a.changes, ["leading", "released"]);
});

Deno.test("a leader renews every two seconds by one update on what it wrote last", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases }).start();
  await time.pass(6_500);
  assert.deepEqual(leases.calls.map(({ at, verb }) => [at, verb]), [
    [0, "get"],
    [0, "create"],
    [2_000, "update"],
    [4_000, "update"],
    [6_000, "update"],
  ]);
  assert.deepEqual(leases.stored?.spec, {
    holderIdentity: "a",
    leaseDurationSeconds: 15,
    acquireTime: at("00.000"),
    renewTime: at("06.000"),
    leaseTransitions: 0,
  });
  await end(time, a);
});

Deno.test("a candidate says once for whom it waits, and stays passive while renewals go on", async () => {
  const { time, leases, a, b } = await pair();
  await time.pass(60_000);
  assert.deepEqual([a.isLeading, b.isLeading, b.elector.isLeader], [true, false, false]);
  assert.deepEqual(b.log, ["info: waiting for the leader lease (a)"]);
  assert.deepEqual(leases.writes("b"), []);
  await end(time, a, b);
  assert.deepEqual(b.changes, ["waiting"]);
});

Deno.test("a term that ends by SIGTERM is given back after the work has stopped writing", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases, drainMs: 700 }).start();
  await time.pass(5_000);
  a.terminate();
  await time.pass(699);
  assert.deepEqual([a.isLeading, leases.stored?.spec?.holderIdentity], [true, "a"]);
  await time.pass(1);
  assert.deepEqual(a.spans, [{ who: "a", from: 0, to: 5_700 }]);
  assert.deepEqual(leases.stored?.spec, {
    holderIdentity: "",
    leaseDurationSeconds: 1,
    acquireTime: at("05.700"),
    renewTime: at("05.700"),
    leaseTransitions: 0,
  });
  assert.deepEqual([a.outcome, a.endedAt, a.elector.isLeader], ["resolved", 5_700, false]);
  await end(time, a);
});

for (const random of [0, 0.5, 0.999]) {
  Deno.test(`after SIGTERM the other leads within 3 s, with chance at ${random}`, async () => {
    const { time, leases } = setUp();
    const a = new Replica({ time, leases, identity: "a" }).start();
    await time.pass(10);
    const b = new Replica({ time, leases, identity: "b", random: () => random }).start();
    await time.pass(20_000);
    a.terminate();
    assert.ok(await time.waitFor(() => b.isLeading, 3_000));
    assert.ok(time.elapsed() - a.endedAt! <= 2_000);
    assert.equal(leases.stored?.spec?.leaseTransitions, 1);
    await end(time, b);
  });
}

Deno.test("work that stops slowly keeps its lease renewed until it has stopped", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases, identity: "a", drainMs: 40_000 }).start();
  await time.pass(10);
  const b = new Replica({ time, leases, identity: "b" }).start();
  await time.pass(1_000);
  a.terminate();
  await time.pass(39_000);
  assert.deepEqual([a.isLeading, a.elector.isLeader, b.isLeading], [true, true, false]);
  await time.pass(4_000);
  assert.deepEqual([a.isLeading, b.isLeading], [false, true]);
  assert.deepEqual(a.changes, ["leading", "released"]);
  await end(time, b);
});

Deno.test("work that stops slowly through an outage is no leader's for a while, and still alone", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases, identity: "a", drainMs: 30_000 }).start();
  await time.pass(10);
  const b = new Replica({ time, leases, identity: "b" }).start();
  await time.pass(1_000);
  a.terminate();
  leases.fate = ({ at }) => ({ outcome: at < 11_500 ? "never-served" : "served" });
  await time.passUntil(11_000);
  assert.deepEqual([a.isLeading, a.elector.isLeader], [true, false]);
  await time.passUntil(13_000);
  assert.deepEqual([a.isLeading, a.elector.isLeader], [true, true]);
  await time.passUntil(31_009);
  assert.deepEqual([a.isLeading, b.isLeading], [true, false]);
  await time.pass(3_000);
  assert.deepEqual([a.outcome, a.isLeading, b.isLeading], ["resolved", false, true]);
  await end(time, b);
});

Deno.test("work that stops slowly while another has seized the lease leaves that one's alone", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases, drainMs: 5_000 }).start();
  await time.pass(1_000);
  a.terminate();
  leases.overwrite((lease) => ({ ...lease, spec: { ...lease.spec, holderIdentity: "go_1" } }));
  await time.passUntil(2_000);
  assert.equal(a.elector.isLeader, false);
  await time.pass(10_000);
  assert.deepEqual([a.outcome, leases.stored?.spec?.holderIdentity], ["resolved", "go_1"]);
  assert.deepEqual(a.changes, ["leading", "unreleased"]);
  assert.equal(time.pending, 0);
});

Deno.test("a leader whose requests hang stops 10 s after its last renewal, and gives nothing back", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases, drainMs: 300 }).start();
  await time.pass(4_500);
  leases.fate = () => ({ outcome: "never-served" });
  await time.passUntil(13_999);
  assert.deepEqual([a.reason, a.elector.isLeader], [undefined, true]);
  await time.pass(1);
  assert.ok(a.reason instanceof LeadershipLost);
  assert.equal(
    a.reason.message,
    "leadership by Lease acrpull/aks.azure.com is lost: no renewal has succeeded for 10 s",
  );
  assert.deepEqual([a.elector.isLeader, a.outcome], [false, "running"]);
  await time.pass(300);
  assert.equal(a.outcome, a.reason, "run ends when the work has, with the same reason");
  assert.deepEqual(a.log, [
    "info: became leader",
    "warn: update of the leader lease failed (update of Lease acrpull/aks.azure.com: no answer within 5 s)",
    `error: leadership lost (${a.reason.message})`,
  ]);
  assert.deepEqual(a.changes, ["leading", "lost"]);
  assert.equal(time.pending, 0);
});

Deno.test("the deadline counts from when the last renewal was sent, not from its answer", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases }).start();
  await time.pass(1_000);
  leases.fate = ({ at }) =>
    at === 2_000 ? { outcome: "served", backMs: 4_000 } : { outcome: "never-served" };
  await time.passUntil(11_999);
  assert.equal(a.isLeading, true);
  await time.pass(1);
  assert.deepEqual(a.spans, [{ who: "a", from: 0, to: 12_000 }]);
});

Deno.test("a hanging renewal is given up after 5 s, told of, and followed by another at once", async () => {
  const { time, leases } = setUp();
  let silences = 0;
  const a = new Replica({ time, leases, onTimeout: () => silences++ }).start();
  await time.pass(1_000);
  leases.fate = (call) => ({ outcome: call.at < 3_000 ? "never-served" : "served" });
  await time.passUntil(9_500);
  assert.deepEqual(leases.writes("a").map((call) => call.at), [0, 2_000, 7_000, 9_000]);
  assert.deepEqual([silences, a.isLeading], [1, true]);
  await end(time, a);
});

Deno.test("a renewal whose answer is lost is found again and kept as the same term", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases }).start();
  await time.pass(1_000);
  leases.fate = (call) => ({ outcome: call.at < 3_000 ? "answer-lost" : "served" });
  await time.passUntil(9_500);
  assert.deepEqual(leases.calls.slice(2).map(({ at, verb }) => [at, verb]), [
    [2_000, "update"],
    [7_000, "update"],
    [7_000, "get"],
    [7_000, "update"],
    [9_000, "update"],
  ]);
  assert.equal(leases.stored?.spec?.acquireTime, at("00.000"));
  assert.equal(leases.stored?.spec?.leaseTransitions, 0);
  await end(time, a);
});

Deno.test("errors for less than the deadline cost nothing but two log lines", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases }).start();
  await time.pass(1_000);
  const unavailable = refusal(503, "ServiceUnavailable", "etcd has no leader");
  leases.fate = (call) => ({ outcome: call.at < 8_000 ? unavailable : "served" });
  await time.pass(20_000);
  assert.deepEqual([a.isLeading, a.spans.length], [true, 1]);
  await end(time, a);
  assert.deepEqual(a.log, [
    "info: became leader",
    "warn: update of the leader lease failed (etcd has no leader)",
    "info: the leader lease can be read and written again",
    "info: leader lease released",
  ]);
});

Deno.test("a write by another that leaves the record alone is met by a new look and no gap", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases }).start();
  await time.pass(1_000);
  leases.overwrite((lease) => ({
    ...lease,
    metadata: { ...lease.metadata, labels: { team: "x" } },
  }));
  await time.pass(1_500);
  assert.deepEqual(leases.calls.slice(2).map(({ at, verb }) => [at, verb]), [
    [2_000, "update"],
    [2_000, "get"],
    [2_000, "update"],
  ]);
  assert.deepEqual(leases.stored?.metadata.labels, { team: "x" });
  assert.equal(leases.stored?.spec?.renewTime, at("02.000"));
  await end(time, a);
});

Deno.test("a leader that finds another holder stops at that moment", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases }).start();
  await time.pass(1_000);
  leases.overwrite((lease) => ({ ...lease, spec: { ...lease.spec, holderIdentity: "go_1" } }));
  await time.passUntil(2_000);
  assert.ok(a.outcome instanceof LeadershipLost);
  assert.equal(
    a.outcome.message,
    "leadership by Lease acrpull/aks.azure.com is lost: it is held by go_1",
  );
  assert.equal(leases.stored?.spec?.holderIdentity, "go_1");
  assert.equal(time.pending, 0);
});

Deno.test("a deleted Lease is created again by its leader, and the candidate lets it", async () => {
  const { time, leases, a, b } = await pair();
  await time.passUntil(3_000);
  leases.remove();
  await time.pass(30_000);
  assert.deepEqual([a.isLeading, b.isLeading, a.spans.length], [true, false, 1]);
  assert.equal(leases.stored?.spec?.acquireTime, at("00.000"));
  await end(time, a, b);
});

Deno.test("a holder's wall clock that is wrong by hours neither shortens nor lengthens its lease", async () => {
  for (const hours of [-3, 3]) {
    const { time, leases } = setUp();
    const clock = time.skewed(() => hours * 3_600_000);
    const a = new Replica({ time, leases, identity: "a", clock }).start();
    await time.pass(10);
    const b = new Replica({ time, leases, identity: "b" }).start();
    await time.pass(30_000);
    assert.deepEqual([a.isLeading, b.isLeading], [true, false]);
    leases.fate = ({ who }) => ({ outcome: who === "a" ? "never-served" : "served" });
    a.kill();
    assert.ok(await time.waitFor(() => b.isLeading, 17_000));
    assert.ok(time.elapsed() >= 45_000);
    await end(time, b);
  }
});

Deno.test("a candidate whose wall clock is set ahead does not take over", async () => {
  const { time, leases } = setUp();
  let aheadMs = 0;
  const a = new Replica({ time, leases, identity: "a" }).start();
  await time.pass(10);
  const b = new Replica({ time, leases, identity: "b", clock: time.skewed(() => aheadMs) }).start();
  await time.pass(5_000);
  aheadMs = 3_600_000;
  await time.pass(20_000);
  assert.deepEqual([a.isLeading, b.isLeading], [true, false]);
  await end(time, a, b);
});

Deno.test("a missing right is told once in one sentence, and its end too", async () => {
  const { time, leases } = setUp();
  const forbidden = refusal(403, "Forbidden", "leases.coordination.k8s.io is forbidden");
  leases.fate = (call) => ({ outcome: call.at < 60_000 ? forbidden : "served" });
  const a = new Replica({ time, leases }).start();
  await time.pass(62_000);
  assert.equal(a.isLeading, true);
  assert.deepEqual(a.log, [
    "error: the ServiceAccount may not get Lease aks.azure.com in namespace acrpull: " +
    "grant it the verb get on leases.coordination.k8s.io by a Role there (leases.coordination.k8s.io is forbidden)",
    "info: the leader lease can be read and written again",
    "info: became leader",
  ]);
  await end(time, a);
});

for (const [code, reason] of [[403, "Forbidden"], [404, "NotFound"], [400, ""]] as const) {
  Deno.test(`a webhook's denial with HTTP ${code} is told once as such, and as no missing right`, async () => {
    const { time, leases } = setUp();
    const message = 'admission webhook "w.example.com" denied the request: no leases here';
    const denied = ApiError.fromStatus({ kind: "Status", code, reason, message });
    leases.fate = ({ verb }) => ({ outcome: verb === "create" ? denied : "served" });
    const a = new Replica({ time, leases }).start();
    await time.pass(60_000);
    await end(time, a);
    assert.equal(a.log.length, 1);
    assert.match(
      a.log[0]!,
      /^error: an admission webhook or policy refuses to create Lease aks\.azure\.com in namespace acrpull: have it exempt the operator \(.*"w\.example\.com" denied the request: no leases here\)$/,
    );
  });
}

Deno.test("a namespace that does not exist is told once in one sentence", async () => {
  const { time, leases } = setUp();
  const missing = refusal(404, "NotFound", 'namespaces "acrpull" not found');
  leases.fate = ({ verb }) => ({ outcome: verb === "create" ? missing : "served" });
  const a = new Replica({ time, leases }).start();
  await time.pass(60_000);
  await end(time, a);
  assert.deepEqual(a.log, [
    "error: namespace acrpull for Lease aks.azure.com does not exist, so create failed: " +
    'create it or choose another for leader election (namespaces "acrpull" not found)',
  ]);
});

Deno.test("SIGTERM ends a leader within 2 s though the API server has gone silent", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases, drainMs: 200 }).start();
  await time.pass(2_500);
  leases.fate = () => ({ outcome: "never-served" });
  await time.passUntil(5_000);
  a.terminate();
  await time.pass(2_000);
  assert.deepEqual([a.outcome, a.endedAt], ["resolved", 6_200]);
  assert.deepEqual(a.changes, ["leading", "unreleased"]);
  assert.equal(time.pending, 0);
});

Deno.test("SIGTERM during a renewal under way still gives the lease back", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases }).start();
  await time.pass(1_000);
  leases.fate = ({ at }) => ({ outcome: "served", thereMs: at === 2_000 ? 150 : 0 });
  await time.passUntil(2_100);
  a.terminate();
  // The renewal on its way is served after the release and must not undo it.
  await time.pass(1_000);
  assert.equal(leases.stored?.spec?.holderIdentity, "");
  assert.deepEqual(a.changes, ["leading", "released"]);
  await end(time, a);
});

Deno.test("SIGTERM before the answer to a claim gives back what the claim may have taken", async () => {
  const { time, leases } = setUp();
  leases.fate = ({ verb }) => ({ outcome: "served", backMs: verb === "create" ? 500 : 0 });
  const a = new Replica({ time, leases }).start();
  await time.pass(100);
  assert.equal(leases.stored?.spec?.holderIdentity, "a");
  a.terminate();
  await time.pass(0);
  assert.equal(leases.stored?.spec?.holderIdentity, "");
  assert.deepEqual(a.spans, []);
  await end(time, a);
});

Deno.test("SIGTERM before the start makes no request", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases });
  a.terminate();
  a.start();
  await time.pass(0);
  assert.deepEqual([a.outcome, leases.calls, a.log], ["resolved", [], []]);
});

Deno.test("work that ends by itself gives the lease back", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases, work: () => Promise.resolve() }).start();
  await time.pass(0);
  assert.deepEqual([a.outcome, leases.stored?.spec?.holderIdentity], ["resolved", ""]);
  assert.equal(time.pending, 0);
});

Deno.test("work that fails gives the lease back and makes run fail with its error", async () => {
  const { time, leases } = setUp();
  const failure = new Error("the controller failed");
  const a = new Replica({ time, leases, work: () => Promise.reject(failure) }).start();
  await time.pass(0);
  assert.deepEqual([a.outcome, leases.stored?.spec?.holderIdentity], [failure, ""]);
  assert.equal(time.pending, 0);
});

Deno.test("work that rejects with the reason of its signal has ended in good order", async () => {
  const { time, leases } = setUp();
  const untilAborted = (signal: AbortSignal) =>
    new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const a = new Replica({ time, leases, work: untilAborted }).start();
  await time.pass(1_000);
  await end(time, a);
  assert.equal(leases.stored?.spec?.holderIdentity, "");
});

Deno.test("work that fails while leadership is lost is told of, and the loss is what run fails with", async () => {
  const { time, leases } = setUp();
  const failing = (signal: AbortSignal) =>
    new Promise<void>((_, reject) =>
      signal.addEventListener("abort", () => reject(new Error("half written")))
    );
  const a = new Replica({ time, leases, work: failing }).start();
  await time.pass(1);
  leases.fate = () => ({ outcome: "never-served" });
  await time.pass(10_000);
  assert.ok(a.outcome instanceof LeadershipLost);
  assert.equal(a.log.at(-1), "error: work failed while leadership was lost (half written)");
});

Deno.test("one elector contends once at a time, and may again afterwards", async () => {
  const { time, leases } = setUp();
  const a = new Replica({ time, leases, work: () => Promise.resolve() }).start();
  const second = a.elector.run(new AbortController().signal, () => Promise.resolve());
  await assert.rejects(second, {
    message: "Lease acrpull/aks.azure.com is already contended for here",
  });
  await time.pass(0);
  await a.elector.run(new AbortController().signal, () => Promise.resolve());
  assert.deepEqual(a.changes, ["leading", "released", "leading", "released"]);
  assert.equal(leases.stored?.spec?.leaseTransitions, 1);
});

Deno.test("an empty identity is refused", () => {
  const { time, leases } = setUp();
  assert.throws(() => new Replica({ time, leases, identity: "" }), {
    name: "RangeError",
    message: "identity of the leader election is empty",
  });
});
