import assert from "node:assert/strict";
import type { Snapshot } from "../../../src/controller/plan/snapshot.ts";
import { CLIENT_ID, MINUTE, SERVER } from "./builders.ts";
import { BINDING_PATH, KEY, ReconcilerRig } from "./reconciler_rig.ts";
import { NAMESPACE, V1 } from "./rig.ts";

const OTHER = `v1beta1/${NAMESPACE}/other`;

/** Where the operator may go wrong with one binding. */
const MISTAKES: readonly {
  readonly where: string;
  readonly make: (rig: ReconcilerRig, isBroken: (name: string) => boolean) => void;
}[] = [
  {
    where: "the view of it",
    make: ({ cluster }, isBroken) => {
      const view = cluster.view.bind(cluster);
      cluster.view = (id) => {
        if (isBroken(id.name)) throw new TypeError("a mistake");
        return view(id);
      };
    },
  },
  {
    where: "the plan for it",
    make: ({ cluster }, isBroken) => {
      const snapshot = cluster.snapshot.bind(cluster);
      cluster.snapshot = (id) => {
        const known = snapshot(id);
        if (known === undefined || !isBroken(id.name)) return known;
        const secrets = new Proxy([] as Snapshot["secrets"], {
          get: () => {
            throw new TypeError("a mistake");
          },
        });
        return { ...known, secrets };
      };
    },
  },
  {
    where: "the report of it",
    make: (rig, isBroken) => {
      const { report } = rig;
      const { acted, failed } = report;
      report.acted = (binding, action) => {
        // Of the status that tells of the mistake something may be said.
        if (isBroken(binding.name) && "secretName" in binding) throw new TypeError("a mistake");
        acted(binding, action);
      };
      report.failed = (binding, ...rest) => {
        if (isBroken(binding.name)) throw new TypeError("a mistake");
        failed(binding, ...rest);
      };
    },
  },
];

for (const { where, make } of MISTAKES) {
  Deno.test(`broken: a mistake in ${where} concerns one binding alone, and is told on it`, async () => {
    await using rig = await new ReconcilerRig().start();
    rig.apply({
      ...V1,
      metadata: { name: "other" },
      spec: { acrServer: SERVER, managedIdentityClientID: CLIENT_ID },
    });
    await rig.sync();
    let isBroken = true;
    make(rig, (name) => isBroken && name === "pull");
    const waits: number[] = [];
    for (let n = 0; n < 4; n++) {
      waits.push((await rig.reconcile())!);
      await rig.time.pass(Math.ceil(waits.at(-1)!));
      await rig.sync();
    }
    assert.deepEqual(waits, [1000, 2000, 4000, 8000], "it is tried ever more rarely");
    assert.ok(rig.told.includes("broke a mistake 4 in 8000"), rig.told.join("; "));
    assert.deepEqual([rig.ready().status, rig.ready().reason], ["Unknown", "InternalError"]);
    assert.equal(
      rig.status().error,
      "The operator makes a mistake of its own with this binding (TypeError: a mistake); please " +
        "report it. Meanwhile it tries again.",
    );
    const told = rig.writes.filter(({ request }) => request.endsWith("pull/status"));
    assert.equal(told.length, 1, "the same mistake is told once");

    await rig.reconcile(OTHER);
    const other = rig.get<{ status: { conditions: { status: string }[] } }>(V1, "other")!;
    assert.equal(other.status.conditions[0]!.status, "True", "the others go on");

    isBroken = false;
    await rig.reconcile();
    assert.equal(rig.ready().reason, "CredentialAttached");
    assert.equal(rig.told.at(-1), "settled");
  });
}

Deno.test("broken: where that cannot be told on the binding either, it is tried again all the same", async () => {
  await using rig = await new ReconcilerRig().start();
  rig.cluster.view = () => {
    throw new TypeError("a mistake");
  };
  const action = { status: 403, reason: "Forbidden", message: "no" };
  rig.kube.inject({ verb: "patch", subresource: "status", times: 9, action });
  assert.equal(await rig.reconcile(), 1000);
  assert.equal(rig.told.filter((line) => line.startsWith("broke ")).length, 2);
  rig.report.broke = () => {
    throw new Error("nor can this");
  };
  assert.equal(await rig.reconcile(), 2000);
});

Deno.test("broken: what was thrown is told without credentials, and in short", async () => {
  await using rig = await new ReconcilerRig().start();
  const token = `eyJhbGciOiJSUzI1NiJ9.${"e".repeat(40)}.${"s".repeat(40)}`;
  rig.cluster.view = () => {
    throw new Error(`got ${token} ${"x".repeat(5000)}`);
  };
  await rig.reconcile();
  assert.ok(!rig.status().error!.includes("eeee"));
  assert.ok(rig.status().error!.length < 500);
});

Deno.test("broken: the operator's end is none", async () => {
  await using rig = await new ReconcilerRig().start();
  const reason = new Error("the operator ends");
  rig.cluster.view = () => {
    rig.stop.abort(reason);
    throw new TypeError("a mistake");
  };
  await assert.rejects(rig.reconcile(), reason);
  assert.deepEqual(rig.told, []);
});

Deno.test("broken: a binding that is gone by then is forgotten", async () => {
  await using rig = await new ReconcilerRig().start();
  const { snapshot } = rig.cluster;
  rig.cluster.snapshot = () => {
    throw new TypeError("a mistake");
  };
  await rig.send("DELETE", BINDING_PATH);
  await rig.sync();
  assert.equal(await rig.reconcile(), 1000);
  rig.cluster.snapshot = snapshot.bind(rig.cluster);
  await rig.time.pass(MINUTE);
  assert.equal(await rig.reconcile(KEY), undefined);
  assert.deepEqual(rig.told.slice(-2), ["gone", "settled"]);
});
