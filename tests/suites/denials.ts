import assert from "node:assert/strict";
import { WEBHOOK_DENIALS, type WebhookDenial } from "../data/denials.ts";
import type { ApiServer, TestOnApiServer } from "../sandbox/api_server.ts";
import { ApiError } from "../sandbox/kubernetes/model/errors.ts";
import { type AdmissionHook, type HookInto, WEBHOOK } from "./admission_hook.ts";
import { eventually } from "./eventually.ts";
import { OperatorRig, type RigOptions } from "./operator_rig.ts";
import { settled } from "./settled.ts";
import { V1 } from "./v1beta1_objects.ts";

const PAUSE_MS = 6 * 60_000;

interface Message {
  readonly reason: string;
  readonly message?: string;
}

/** What policy engines refuse is told whole and in one line, on the binding and by an Event. */
export function denialSuite(
  test: TestOnApiServer,
  hookInto: HookInto,
  options: RigOptions = {},
): void {
  test("denials: each engine's is told in one line, on the binding and by an Event", async (api: ApiServer) => {
    await using rig = await OperatorRig.start(api, { ...options, random: () => 0 });
    await using hook = await hookInto(api, rig.admin.namespace);
    const v1 = new V1(rig);
    await v1.createAccount("default");
    denySecrets(hook, WEBHOOK_DENIALS[0]!);
    await v1.createBinding();
    for (const denial of WEBHOOK_DENIALS) {
      denySecrets(hook, denial);
      await tellsOf(v1, denial);
    }
    hook.admit({});
    await settled(() => rig.resourceVersions());
    rig.clock.advance(PAUSE_MS);
    await v1.ready();
  });
}

function denySecrets(hook: AdmissionHook, { code, reason = "", said }: WebhookDenial): void {
  hook.admit({
    validate: ({ resource, operation }) => {
      if (resource === "secrets" && operation === "CREATE") throw new ApiError(code, reason, said);
    },
  });
}

async function tellsOf(v1: V1, { what, name, told }: WebhookDenial): Promise<void> {
  const message = `Writing Secret ${v1.place.secret} failed: ${told.replace(name, WEBHOOK)}`;
  await settled(() => v1.rig.resourceVersions());
  v1.rig.clock.advance(PAUSE_MS);
  const { status } = await v1.bindingOnce(({ status }) => status?.error === message);
  const ready = status!.conditions!.find(({ type }) => type === "Ready")!;
  assert.deepEqual([ready.status, ready.reason], ["False", "PolicyDenied"], what);
  assert.equal(ready.message, message);
  await eventually(`an Event of ${what}`, async () => {
    const events = await v1.rig.admin.list<Message>("v1", "Event");
    return events.some((event) => event.reason === "PolicyDenied" && event.message === message) ||
      undefined;
  });
}
