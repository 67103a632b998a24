import assert from "node:assert/strict";
import { CLIENT_ID, HOUR, MINUTE, SCOPE, SERVER } from "./builders.ts";
import {
  ACCOUNT_PATH,
  BINDING_PATH,
  ReconcilerRig,
  SECRET,
  SECRET_PATH,
} from "./reconciler_rig.ts";
import { NAMESPACE, V1, V2 } from "./rig.ts";
import { ApiError } from "../../sandbox/kubernetes/model/errors.ts";

const KEY = `v1beta2/${NAMESPACE}/pull`;
const NAME = "acr-pull-pull";
const PATH = `/api/v1/namespaces/${NAMESPACE}/secrets/${NAME}`;
const OPERATOR = "msi-acrpull-deno";

/** A v1beta2 binding that settled, whose Secret must be replaced. */
class ReplacingRig extends ReconcilerRig {
  readonly asked: string[] = [];

  async begin(): Promise<this> {
    this.apply({
      ...V2,
      metadata: { name: "pull" },
      spec: {
        acr: { server: SERVER, scope: SCOPE, environment: "PublicCloud" },
        auth: { managedIdentity: { clientID: CLIENT_ID } },
        serviceAccountName: "default",
      },
    });
    await this.start();
    await this.reconcile(KEY);
    await this.sync();
    return this;
  }

  /** Somebody takes the label away, which policies let nobody but the administrator put back. */
  async loseLabel(): Promise<void> {
    await this.send("PATCH", PATH, { metadata: { labels: null } });
    await this.sync();
    this.told.length = 0;
    this.writes.length = 0;
  }

  /** Has admission refuse the operator's requests of that operation on Secrets. */
  refuse(operation: "CREATE" | "DELETE", { alsoAsked = true } = {}): void {
    this.kube.admit({
      validate: (review) => {
        if (review.manager !== OPERATOR || review.resource !== "secrets") return;
        this.asked.push(`${review.operation}${review.dryRun ? " asked" : ""}`);
        if (review.operation !== operation || (review.dryRun && !alsoAsked)) return;
        throw new ApiError(403, "Forbidden", `secrets "${NAME}" is forbidden: not here`, {
          name: NAME,
          kind: "secrets",
        });
      },
    });
  }

  ours() {
    return this.secret(NAME);
  }

  said(): string {
    const { status } = this.get<{ status: { conditions: { status: string; reason: string }[] } }>(
      V2,
      "pull",
    )!;
    return `${status.conditions[0]!.status}/${status.conditions[0]!.reason}`;
  }
}

Deno.test("replacing: a Secret that lost its label is made anew once it is known to be admitted", async () => {
  await using rig = await new ReplacingRig().begin();
  await rig.loseLabel();
  const before = rig.ours()!;
  rig.kube.admit({
    validate: ({ operation, resource, dryRun }) => {
      if (resource !== "secrets") return;
      const isThere = rig.ours()?.metadata.uid === before.metadata.uid;
      rig.asked.push(`${operation}${dryRun ? " asked" : ""}${isThere ? "" : ", the old one gone"}`);
    },
  });
  await rig.reconcile(KEY);
  assert.deepEqual(rig.asked, [
    "DELETE asked",
    "CREATE asked",
    "DELETE",
    "CREATE, the old one gone",
  ]);
  assert.notEqual(rig.ours()!.metadata.uid, before.metadata.uid);
  assert.equal(rig.ours()!.metadata.labels!["acr.microsoft.com/binding"], "pull");
  assert.equal(rig.said(), "True/CredentialAttached");
});

for (const operation of ["CREATE", "DELETE"] as const) {
  Deno.test(`replacing: where admission refuses the ${operation}, the credential stays, and that is told`, async () => {
    await using rig = await new ReplacingRig().begin();
    await rig.loseLabel();
    const before = rig.ours();
    rig.refuse(operation);
    const wait = await rig.reconcile(KEY);
    assert.ok(wait! > 0);
    assert.deepEqual(rig.ours(), before);
    assert.ok(!rig.asked.includes("DELETE"), `${rig.asked}`);
    assert.match(
      rig.get<{ status: { error: string } }>(V2, "pull")!.status.error,
      /^Writing Secret acr-pull-pull failed: .*not here/,
    );
    rig.kube.admit({});
    await rig.time.pass(5 * MINUTE);
    await rig.reconcile(KEY);
    assert.equal(rig.said(), "True/CredentialAttached");
    assert.equal(rig.ours()!.metadata.labels!["acr.microsoft.com/binding"], "pull");
  });
}

Deno.test("replacing: where the create is refused all the same, the old one is known to be gone", async () => {
  await using rig = await new ReplacingRig().begin();
  await rig.loseLabel();
  rig.refuse("CREATE", { alsoAsked: false });
  await rig.reconcile(KEY);
  assert.equal(rig.ours(), undefined);
  assert.equal(rig.informers.secrets.get(NAMESPACE, NAME), undefined, "it is forgotten at once");
  assert.equal(rig.said(), "False/KubernetesRefused");
  rig.kube.admit({});
  rig.told.length = 0;
  await rig.time.pass(5 * MINUTE);
  await rig.reconcile(KEY);
  assert.ok(!rig.told.some((line) => line.startsWith("raced")), rig.told.join("; "));
  assert.equal(rig.said(), "True/CredentialAttached");
});

Deno.test("replacing: one that a user marked immutable is asked for, too", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.send("PATCH", SECRET_PATH, { immutable: true });
  await rig.sync();
  await rig.passUntilRefresh();
  const asked: string[] = [];
  rig.kube.admit({
    validate: ({ operation, resource, dryRun }) => {
      if (resource === "secrets") asked.push(`${operation}${dryRun ? " asked" : ""}`);
    },
  });
  await rig.reconcile();
  assert.deepEqual(asked, ["DELETE asked", "CREATE asked", "DELETE", "CREATE"]);
  assert.equal(rig.ready().reason, "CredentialAttached");
});

Deno.test("replacing: what serves nobody any more is replaced without a question, however full the quota", async () => {
  await using rig = await new ReplacingRig().begin();
  await rig.loseLabel();
  await rig.time.pass(3 * HOUR);
  let asked = 0;
  rig.kube.admit({
    validate: ({ operation, dryRun }) => {
      if (dryRun) asked++;
      // A quota counts the old one as long as it is there.
      if (operation === "CREATE" && rig.ours() !== undefined) {
        throw new ApiError(403, "Forbidden", "exceeded quota", { name: NAME, kind: "secrets" });
      }
    },
  });
  await rig.reconcile(KEY);
  assert.deepEqual([asked, rig.said()], [0, "True/CredentialAttached"]);
});

Deno.test("replacing: a Secret that is gone by then is simply made", async () => {
  await using rig = await new ReplacingRig().begin();
  await rig.loseLabel();
  rig.beforeRequest = async ({ method }) => {
    if (method === "DELETE" && rig.ours() !== undefined) await rig.send("DELETE", PATH);
  };
  await rig.reconcile(KEY);
  assert.equal(rig.said(), "True/CredentialAttached");
});

const HOLD = { metadata: { finalizers: ["theirs.example/backup"] } };
const RELEASE = { metadata: { finalizers: null } };

Deno.test("held: a Secret that another's finalizer keeps serves to its end, and nothing is minted", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.send("PATCH", SECRET_PATH, HOLD);
  await rig.send("DELETE", SECRET_PATH);
  await rig.sync();
  rig.told.length = 0;
  const expiry = Date.parse(
    rig.secret(SECRET)!.metadata.annotations!["acr.microsoft.com/token.expiry"]!,
  );
  assert.equal(await rig.reconcile(), expiry - rig.time.clock.now());
  assert.deepEqual([rig.ready().status, rig.ready().reason], ["True", "SecretTerminating"]);
  assert.equal(
    rig.status().error,
    `Secret "${SECRET}" is being deleted, but held by finalizer "theirs.example/backup"; have ` +
      "whoever set that remove it. The operator makes it anew once it is gone.",
  );
  for (let look = 0; look < 6; look++) {
    await rig.time.pass(29 * MINUTE);
    await rig.reconcile();
  }
  assert.equal(rig.ready().status, "True");
  await rig.time.pass(6 * MINUTE);
  await rig.reconcile();
  assert.deepEqual([rig.ready().status, rig.ready().reason], ["False", "SecretTerminating"]);
  assert.equal(rig.minted.length, 1, "nothing is minted meanwhile");
  assert.ok(!rig.told.includes("acted mint") && !rig.told.includes("acted deleteSecret"));

  await rig.send("PATCH", SECRET_PATH, RELEASE);
  await rig.sync();
  assert.equal(await rig.reconcile(), rig.refreshIn());
  assert.equal(rig.ready().reason, "CredentialAttached");
  assert.equal(rig.minted.length, 2);
});

Deno.test("held: what is replaced and held is minted once, and made anew once it is gone", async () => {
  await using rig = await new ReplacingRig().begin();
  await rig.send("PATCH", PATH, HOLD);
  await rig.loseLabel();
  await rig.reconcile(KEY);
  assert.equal(rig.minted.length, 2);
  assert.equal(rig.said(), "True/SecretTerminating");
  for (let look = 0; look < 5; look++) {
    await rig.time.pass(5 * MINUTE);
    await rig.reconcile(KEY);
  }
  assert.equal(rig.minted.length, 2, "nothing is minted meanwhile");
  await rig.send("PATCH", PATH, RELEASE);
  // It has no label, so that no watch tells of it: it is looked at again.
  await rig.time.pass(5 * MINUTE);
  await rig.reconcile(KEY);
  assert.equal(rig.said(), "True/CredentialAttached");
});

Deno.test("held: a binding is let go only once its Secret is gone, and says what holds it", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.send("PATCH", SECRET_PATH, HOLD);
  await rig.send("DELETE", BINDING_PATH);
  await rig.sync();
  assert.equal(await rig.reconcile(), undefined);
  assert.deepEqual(rig.references(), [], "what can be taken back is");
  assert.ok(rig.get(V1, "pull") !== undefined);
  assert.deepEqual([rig.ready().status, rig.ready().reason], ["False", "SecretTerminating"]);
  assert.match(
    rig.status().error!,
    /held up\. Secret ".*" is being deleted, but held by finalizer "theirs\.example\/backup"/,
  );
  const { length } = rig.writes;
  await rig.sync();
  await rig.reconcile();
  assert.equal(rig.writes.length, length, "nothing is deleted again");
  await rig.send("PATCH", SECRET_PATH, RELEASE);
  await rig.sync();
  await rig.reconcile();
  assert.equal(rig.get(V1, "pull"), undefined);
});

Deno.test("held: where no watch tells of Secrets, one that is held is known as well", async () => {
  await using rig = await new ReconcilerRig(true).start();
  await rig.reconcile();
  await rig.send("PATCH", SECRET_PATH, HOLD);
  await rig.send("DELETE", SECRET_PATH);
  const wait = await rig.reconcile();
  assert.ok(wait! <= 10 * MINUTE);
  assert.deepEqual([rig.ready().reason, rig.minted.length], ["SecretTerminating", 1]);
  await rig.send("PATCH", SECRET_PATH, RELEASE);
  await rig.reconcile();
  assert.deepEqual([rig.ready().reason, rig.minted.length], ["CredentialAttached", 2]);
});

Deno.test("reads: what was read of a Secret goes with its binding, where no watch keeps it", async () => {
  await using rig = await new ReconcilerRig(true).start();
  // Somebody else's Secret has the name, so that none of its deletions is the operator's.
  rig.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: SECRET },
    type: "Opaque",
    data: { mine: "eA==" },
  });
  await rig.reconcile();
  assert.equal(rig.informers.secrets.size, 1);
  await rig.send("DELETE", BINDING_PATH);
  await rig.sync();
  await rig.reconcile();
  assert.equal(rig.get(V1, "pull"), undefined);
  await rig.reconcile();
  assert.equal(rig.informers.secrets.size, 0, "nothing is held of it");
  rig.apply({
    ...V1,
    metadata: { name: "pull" },
    spec: { acrServer: SERVER, managedIdentityClientID: CLIENT_ID },
  });
  await rig.sync();
  await rig.reconcile();
  assert.equal(rig.ready().reason, "SecretNameTaken", "a successor reads it anew");
});

Deno.test("reads: where a watch keeps Secrets, they stay as long as they are there", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.send("PATCH", BINDING_PATH, { metadata: { finalizers: null } });
  await rig.send("DELETE", BINDING_PATH);
  await rig.sync();
  await rig.reconcile();
  assert.equal(rig.told.at(-2), "gone");
  assert.equal(rig.informers.secrets.size, 1);
  await rig.send("PATCH", ACCOUNT_PATH, { imagePullSecrets: null });
});
