import assert from "node:assert/strict";
import { AzureError } from "../../../src/azure/errors.ts";
import type { BindingStatus } from "../../../src/controller/binding/view.ts";
import { Reconciler } from "../../../src/controller/reconciler.ts";
import type { ReconcileReport } from "../../../src/controller/report.ts";
import { ApiError } from "../../../src/kubernetes/http/errors.ts";
import { CLIENT_ID, HOUR, SERVER } from "./builders.ts";
import { NAMESPACE, Rig, V1 } from "./rig.ts";

const KEY = `v1beta1/${NAMESPACE}/pull`;
const REMEDY = "Grant the identity AcrPull.";

/** A reconciler whose every mint fails with a long sentence. */
class FailingRig extends Rig {
  readonly told: string[] = [];
  readonly failures: BindingStatus[] = [];
  readonly reconciler: Reconciler;

  constructor() {
    super();
    const spec = { acrServer: SERVER, managedIdentityClientID: CLIENT_ID };
    this.apply({ ...V1, metadata: { name: "pull" }, spec });
    this.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } });
    this.beforeMint = () => {
      throw denied();
    };
    const report: Partial<ReconcileReport> = {
      shortened: (_, error) => void this.told.push(`shortened ${(error as ApiError).code}`),
      failed: (_, action) => {
        this.told.push(`failed ${action.kind}`);
        if (action.kind === "writeStatus") this.failures.push(action.status);
      },
    };
    this.reconciler = new Reconciler({
      cluster: this.cluster,
      executor: this.executor,
      keepsConditions: () => true,
      clock: this.time.clock,
      random: () => 0.5,
      report: new Proxy(report as ReconcileReport, {
        get: (known, name: keyof ReconcileReport) => known[name] ?? (() => {}),
      }),
    });
  }

  /** Works on the binding. Answers in how many milliseconds to come back. */
  async reconcile(): Promise<number> {
    const { signal } = new AbortController();
    const slot = {
      outside: <T>(wait: () => Promise<T>) => wait(),
      caughtUp: () => {},
      moved: () => {},
    };
    const wakeAt = await this.reconciler.reconcile(KEY, { signal, slot });
    return wakeAt! - this.time.clock.now();
  }

  /** A webhook by which no status says more than `most` characters in one text. */
  limit(most: number, refuse: () => Response): void {
    this.admit = async (request) => {
      if (!new URL(request.url).pathname.endsWith("/status")) return undefined;
      const { status } = await request.json();
      const texts = [status.error ?? "", ...(status.conditions ?? []).map(messageOf)];
      return texts.some((text) => text.length > most) ? refuse() : undefined;
    };
  }

  texts(): { error: string | undefined; ready: string; reason: string } {
    const { status } = this.get<{ status: BindingStatus }>(V1, "pull")!;
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    return { error: status?.error, ready: ready?.message ?? "", reason: ready?.reason ?? "" };
  }
}

const messageOf = ({ message }: { message: string }) => message;

function denied(said = "so "): AzureError {
  return new AzureError({
    endpoint: "token",
    host: SERVER,
    class: "auth-denied",
    reason: "RegistryDenied",
    problem: `${SERVER} said ${said.repeat(200)}`,
    remedy: REMEDY,
  });
}

function refusal(code: number, message: string): Response {
  const reason = { 413: "RequestEntityTooLarge", 422: "Invalid" }[code] ?? "Forbidden";
  return Response.json(
    { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message },
    { status: code },
  );
}

/** Who refuses a status for its length, and in which words. */
const REFUSALS: readonly [who: string, refuse: () => Response][] = [
  ["a webhook", () => refusal(403, 'admission webhook "a.b.c" denied the request: too long')],
  [
    "a policy",
    () => refusal(422, "ValidatingAdmissionPolicy 'a' with binding 'b' denied request: too long"),
  ],
  ["the bound of requests", () => refusal(413, "Request entity too large: limit is 3145728")],
  ["the schema", () => refusal(422, "status.error: Too long: may not be more than 300 bytes")],
];

for (const [who, refuse] of REFUSALS) {
  Deno.test(`status: one that ${who} finds too long is told at once by reason and remedy`, async () => {
    await using rig = await new FailingRig().start();
    rig.limit(300, refuse);
    assert.ok(await rig.reconcile() > 0);
    const { error, ready, reason } = rig.texts();
    assert.match(error!, /^RegistryDenied: \.\.\..* Grant the identity AcrPull\.$/);
    assert.deepEqual([ready, reason], [error, "RegistryDenied"]);
    assert.deepEqual(rig.told, ["failed mint", `shortened ${refuse().status}`]);
  });
}

Deno.test("status: one of which next to nothing is admitted still says its reason", async () => {
  await using rig = await new FailingRig().start();
  rig.limit(20, REFUSALS[0]![1]);
  await rig.reconcile();
  assert.deepEqual(rig.texts(), {
    error: "RegistryDenied",
    ready: "RegistryDenied",
    reason: "RegistryDenied",
  });
});

Deno.test("status: one that was told shorter stays so, and costs no write more", async () => {
  await using rig = await new FailingRig().start();
  rig.limit(300, REFUSALS[0]![1]);
  await rig.reconcile();
  const { length } = rig.writes;
  const short = rig.texts();
  await rig.sync();
  await rig.reconcile();
  await rig.time.pass(HOUR);
  await rig.reconcile();
  assert.deepEqual([rig.texts(), rig.writes.length], [short, length]);
});

Deno.test("status: what is another failure is told whole again", async () => {
  await using rig = await new FailingRig().start();
  rig.limit(300, REFUSALS[0]![1]);
  await rig.reconcile();
  rig.limit(5000, REFUSALS[0]![1]);
  rig.beforeMint = () => {
    throw denied("no ");
  };
  await rig.time.pass(HOUR);
  await rig.reconcile();
  assert.equal(rig.texts().error, denied("no ").message);
});

Deno.test("status: one that is refused whatever it says is reported as it was to be", async () => {
  await using rig = await new FailingRig().start();
  rig.limit(-1, REFUSALS[0]![1]);
  const wait = await rig.reconcile();
  assert.ok(wait > 0);
  assert.deepEqual(rig.told, [
    "failed mint",
    "shortened 403",
    "shortened 403",
    "failed writeStatus",
  ]);
  assert.equal(rig.failures[0]?.error, denied().message);
  // A denial that is over leaves nothing behind.
  rig.limit(5000, REFUSALS[0]![1]);
  await rig.time.pass(Math.ceil(wait));
  await rig.reconcile();
  assert.equal(rig.texts().error, denied().message);
});
