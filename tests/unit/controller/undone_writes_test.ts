import assert from "node:assert/strict";
import type { AdmissionReview } from "../../sandbox/kubernetes/admission.ts";
import { MINUTE, SECOND } from "./builders.ts";
import {
  ACCOUNT_PATH,
  BINDING_PATH,
  ReconcilerRig,
  SECRET,
  SECRET_PATH,
} from "./reconciler_rig.ts";
import { NAMESPACE, V1 } from "./rig.ts";

interface Finalized {
  readonly metadata: { readonly finalizers?: readonly string[] };
}

const BY_ARGO = "?fieldManager=argocd-controller";
const OPERATOR = "msi-acrpull-deno";

/** A write of the operator's, and when it came, in ms after the rig's start. */
interface Timed {
  readonly request: string;
  readonly at: number;
}

/** A rig that lives through time as queue and timers make it. */
class LivingRig extends ReconcilerRig {
  readonly startedAt = this.time.clock.now();
  readonly timed: Timed[] = [];
  /** Readiness by each status that was written, with its reason. */
  readonly said: string[] = [];
  key = `v1beta1/${NAMESPACE}/pull`;

  constructor(readsSecretsByName = false) {
    super(readsSecretsByName);
    this.afterRequest = ({ method, url }, { status }) => {
      if (method === "GET" || url.includes("dryRun=All")) return;
      // One that only asks leaves it where it is.
      if (method === "DELETE" && this.secret(SECRET) !== undefined) return;
      const request = `${method} ${new URL(url).pathname.split(`/${NAMESPACE}/`)[1]}`;
      this.timed.push({ request, at: this.time.clock.now() - this.startedAt });
      if (request.endsWith("/status") && status === 200) {
        this.said.push(`${this.ready().status}/${this.ready().reason}`);
      }
    };
  }

  /** Writes that came from `from` on and before `to`, in ms after the start. */
  writesIn(from: number, to: number, request = ""): number {
    return this.timed.filter((each) =>
      each.at >= from && each.at < to && each.request.includes(request)
    ).length;
  }

  /**
   * Has the operator work until `lengthMs` have passed, and whatever `isThere` be undone `afterMs`
   * later, which the watch tells at once.
   */
  async live(
    lengthMs: number,
    { isThere, undo, afterMs }: {
      readonly isThere: () => boolean;
      readonly undo: () => Promise<unknown>;
      readonly afterMs: number;
    },
  ): Promise<void> {
    const end = this.time.clock.now() + lengthMs;
    let undoAt = Infinity;
    while (this.time.clock.now() < end) {
      const now = this.time.clock.now();
      const wakeIn = await this.reconcile(this.key) ?? Infinity;
      if (undoAt === Infinity && isThere()) undoAt = now + afterMs;
      const until = Math.min(end, undoAt, Math.max(now + 1, Math.ceil(now + wakeIn)));
      await this.time.pass(until - now);
      if (until !== undoAt) continue;
      undoAt = Infinity;
      // What is made and goes between two looks would never be told of.
      await this.sync();
      await undo();
      await this.sync();
    }
  }
}

/** Somebody who takes our reference out again. */
function reverter(rig: LivingRig, afterMs: number) {
  return {
    afterMs,
    isThere: () => rig.references().includes(SECRET),
    undo: () =>
      rig.send("PATCH", `${ACCOUNT_PATH}${BY_ARGO}`, { imagePullSecrets: [{ name: "theirs" }] }),
  };
}

/** Somebody who puts our reference back into other accounts, as a rule for all of them does. */
function spreader(rig: LivingRig, count: number) {
  const accounts = Array.from({ length: count }, (_, n) => `x${n}`);
  const refersTo = (name: string) =>
    rig.account(name)?.imagePullSecrets?.some((each) => each.name === SECRET) ?? false;
  return {
    afterMs: SECOND,
    isThere: () => rig.secret(SECRET) !== undefined && !accounts.every(refersTo),
    undo: () => {
      for (const name of accounts.filter((each) => !refersTo(each))) {
        const metadata = { name };
        rig.apply({
          apiVersion: "v1",
          kind: "ServiceAccount",
          metadata,
          imagePullSecrets: [{ name: SECRET }],
        });
      }
      return Promise.resolve();
    },
  };
}

for (const count of [5, 10, 20, 100]) {
  Deno.test(`undone: who puts the reference back into ${count} other accounts each second is told, and followed ever more slowly`, async () => {
    await using rig = await new LivingRig().start();
    await rig.live(10 * MINUTE, spreader(rig, count));
    const first = rig.writesIn(0, MINUTE, "serviceaccounts");
    assert.ok(first <= 6 * count, `${first} writes in the first minute`);
    const all = rig.writesIn(0, 10 * MINUTE, "serviceaccounts");
    assert.ok(all <= 10 * count, `${all} writes in ten minutes`);
    assert.match(
      rig.status().error!,
      /^Changing service account x\d+ is undone: the removal of the reference to "pull-msi-acrpull-secret" did not stay, /,
    );
    assert.equal(`${rig.ready().status}/${rig.ready().reason}`, "True/ChangesUndone");
    assert.equal(rig.told.at(-1), "failed");
  });
}

const NEVER = { afterMs: Infinity, isThere: () => false, undo: () => Promise.resolve() };

for (const afterMs of [5, 500, 3 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 3 * MINUTE]) {
  Deno.test(`undone: a reverter of ${afterMs / 1000} s is followed ever more slowly`, async () => {
    await using rig = await new LivingRig().start();
    await rig.live(2 * 60 * MINUTE, reverter(rig, afterMs));
    const first = rig.writesIn(0, MINUTE);
    assert.ok(first <= 10, `${first} writes in the first minute`);
    const later = rig.writesIn(60 * MINUTE, 120 * MINUTE, "serviceaccounts");
    assert.ok(later <= 12, `${later} writes to the account in an hour`);
    assert.ok(later >= 9, `${later}: it goes on trying`);
    assert.equal(rig.minted.length, 1, "the credential is not to blame");
    assert.equal(rig.ready().reason, "ChangesUndone");
    assert.match(
      rig.status().error!,
      /^Changing service account default is undone: the reference to "pull-msi-acrpull-secret" did not stay, since field manager "argocd-controller" writes over it\. Have that leave it alone; /,
    );
  });
}

Deno.test("undone: whoever reverts faster than is tried again never sees Ready return", async () => {
  await using rig = await new LivingRig().start();
  await rig.live(60 * MINUTE, reverter(rig, 5));
  assert.deepEqual(rig.said, ["True/CredentialAttached", "False/ChangesUndone"]);
  assert.equal(rig.told.at(-1), "failed");
});

Deno.test("undone: a reverter of 6 minutes is met at once each time, and costs one write", async () => {
  await using rig = await new LivingRig().start();
  await rig.live(60 * MINUTE, reverter(rig, 6 * MINUTE));
  assert.deepEqual(rig.said, ["True/CredentialAttached"]);
  assert.equal(rig.writesIn(MINUTE, 60 * MINUTE), 9);
});

Deno.test("undone: what one person takes out by hand is back at once, and nothing is said", async () => {
  await using rig = await new LivingRig().start();
  await rig.reconcile();
  await rig.send("PATCH", ACCOUNT_PATH, { imagePullSecrets: null });
  await rig.sync();
  assert.equal(await rig.reconcile(), rig.refreshIn());
  assert.deepEqual(rig.references(), [SECRET]);
  assert.deepEqual(rig.said, ["True/CredentialAttached"]);
});

Deno.test("undone: once the reverter has gone, the binding is ready as soon as it was seen to stay", async () => {
  await using rig = await new LivingRig().start();
  await rig.live(MINUTE, reverter(rig, 5));
  await rig.live(5 * MINUTE, NEVER);
  assert.deepEqual(rig.references(), ["theirs", SECRET]);
  assert.equal(rig.said.at(-1), "True/CredentialAttached");
  assert.equal(rig.status().error, undefined);
  assert.equal(rig.told.at(-1), "settled");
});

Deno.test("undone: one who takes the whole list away is not named, since nothing names them", async () => {
  await using rig = await new LivingRig().start();
  const undo = () => rig.send("PATCH", `${ACCOUNT_PATH}${BY_ARGO}`, { imagePullSecrets: null });
  await rig.live(MINUTE, { ...reverter(rig, 5), undo });
  assert.match(
    rig.status().error!,
    /since somebody writes over it, and managedFields do not say who\./,
  );
});

/** Others that undo something else than the reference, within milliseconds. */
const REVERTERS: readonly {
  readonly what: string;
  readonly isThere: (rig: LivingRig) => boolean;
  readonly undo: (rig: LivingRig) => Promise<unknown>;
  /** Readiness, and who is to blame, once it is told. */
  readonly said: string;
  readonly blames: RegExp;
}[] = [
  {
    what: "takes the finalizer away",
    isThere: (rig) => (rig.get<Finalized>(V1, "pull")?.metadata.finalizers ?? []).length > 0,
    undo: (rig) => rig.send("PATCH", BINDING_PATH, { metadata: { finalizers: null } }),
    said: "True/ChangesUndone",
    blames: /finalizer msi-acrpull\.microsoft\.com did not stay, since somebody/,
  },
  {
    what: "puts other data into the Secret",
    isThere: (rig) => rig.secret(SECRET)?.data[".dockerconfigjson"] !== btoa("{}"),
    undo: (rig) => {
      const data = { ".dockerconfigjson": btoa("{}") };
      return rig.send("PATCH", `${SECRET_PATH}${BY_ARGO}`, { data });
    },
    said: "False/ChangesUndone",
    blames:
      /^Writing Secret .* the credential did not stay, since field manager "argocd-controller"/,
  },
  {
    what: "takes the label off the Secret",
    isThere: (rig) => Object.keys(rig.secret(SECRET)?.metadata.labels ?? {}).length > 0,
    undo: (rig) => rig.send("PATCH", SECRET_PATH, { metadata: { labels: null } }),
    said: "True/ChangesUndone",
    blames:
      /^Writing Secret .* what labels and annotations tell of it did not stay, since somebody/,
  },
  {
    what: "deletes the Secret",
    isThere: (rig) => rig.secret(SECRET) !== undefined,
    undo: (rig) => rig.send("DELETE", SECRET_PATH),
    said: "False/ChangesUndone",
    blames: /^Writing Secret .* the credential did not stay, since somebody/,
  },
];

for (const { what, isThere, undo, said, blames } of REVERTERS) {
  Deno.test(`undone: one who ${what} again and again is followed ever more slowly, and told of`, async () => {
    await using rig = await new LivingRig().start();
    await rig.reconcile();
    await rig.live(2 * 60 * MINUTE, {
      afterMs: 5,
      isThere: () => isThere(rig),
      undo: () => undo(rig),
    });
    assert.ok(rig.writesIn(0, MINUTE) <= 10, `${rig.writesIn(0, MINUTE)} in the first minute`);
    const later = rig.writesIn(60 * MINUTE, 120 * MINUTE);
    assert.ok(later >= 9 && later <= 12, `${later} writes in an hour`);
    assert.ok(rig.minted.length <= 35, `${rig.minted.length} minted in two hours`);
    assert.deepEqual(rig.said, ["True/CredentialAttached", said]);
    assert.match(rig.status().error!, blames);
  });
}

Deno.test("undone: one who resets the status again and again is followed ever more slowly", async () => {
  await using rig = await new LivingRig().start();
  // What is left of a status that was reset is the default of the CRD.
  const isThere = () =>
    rig.get<{ status?: { conditions?: object } }>(V1, "pull")?.status?.conditions !== undefined;
  const undo = () => rig.send("PATCH", `${BINDING_PATH}/status${BY_ARGO}`, { status: null });
  await rig.live(2 * 60 * MINUTE, { afterMs: 5, isThere, undo });
  assert.ok(rig.writesIn(0, MINUTE) <= 10);
  const later = rig.writesIn(60 * MINUTE, 120 * MINUTE, "/status");
  assert.ok(later >= 9 && later <= 12, `${later} writes in an hour`);
  assert.ok(rig.told.some((line) => line.startsWith("failed writeStatus UndoneError")));
});

/** What a mutating webhook or policy does to the operator's writes, and what is told of it. */
const POLICIES: readonly {
  readonly strips: string;
  readonly mutate: (review: AdmissionReview) => void;
  readonly what: string;
  readonly minted: number;
}[] = [
  {
    strips: "imagePullSecrets",
    mutate: ({ resource, object }) => {
      if (resource === "serviceaccounts") delete object!.imagePullSecrets;
    },
    what: 'Changing service account default is undone: the reference to "pull-msi-acrpull-secret"',
    minted: 1,
  },
  {
    strips: "finalizers of bindings",
    mutate: ({ resource, object }) => {
      if (resource === "acrpullbindings") delete object!.metadata.finalizers;
    },
    what: "Changing the binding is undone: finalizer msi-acrpull.microsoft.com",
    minted: 0,
  },
  {
    strips: "labels of Secrets",
    mutate: ({ resource, object }) => {
      if (resource === "secrets") delete object!.metadata.labels;
    },
    what: "Writing Secret pull-msi-acrpull-secret is undone: label acr.microsoft.com/binding",
    minted: 1,
  },
  {
    strips: "annotations of Secrets",
    mutate: ({ resource, object }) => {
      if (resource === "secrets") delete object!.metadata.annotations;
    },
    what: "Writing Secret pull-msi-acrpull-secret is undone: annotation " +
      "acr.microsoft.com/token.expiry, annotation acr.microsoft.com/token.refresh, annotation " +
      "acr.microsoft.com/token.inputs",
    minted: 1,
  },
  {
    strips: "owners of Secrets",
    mutate: ({ resource, object }) => {
      if (resource === "secrets") delete object!.metadata.ownerReferences;
    },
    what: "Writing Secret pull-msi-acrpull-secret is undone: the reference to its owner",
    minted: 8,
  },
  {
    strips: "the data of Secrets",
    mutate: ({ resource, object }) => {
      if (resource === "secrets") object!.data = { ".dockerconfigjson": "e30=" };
    },
    what: "Writing Secret pull-msi-acrpull-secret is undone: the credential itself",
    minted: 8,
  },
  {
    strips: "the type of Secrets",
    mutate: ({ operation, resource, object }) => {
      if (resource === "secrets" && operation === "CREATE") object!.type = "Opaque";
    },
    what: "Writing Secret pull-msi-acrpull-secret is undone: type kubernetes.io/dockerconfigjson",
    minted: 8,
  },
];

for (const { strips, mutate, what, minted } of POLICIES) {
  Deno.test(`undone: a policy that strips ${strips} makes no loop, and is told`, async () => {
    await using rig = await new LivingRig().start();
    rig.kube.admit({
      mutate: (review) => {
        if (review.manager === OPERATOR && review.subresource === "") mutate(review);
      },
    });
    await rig.live(60 * MINUTE, NEVER);
    const first = rig.writesIn(0, MINUTE);
    assert.ok(first <= 10, `${first} writes in the first minute`);
    const later = rig.writesIn(30 * MINUTE, 60 * MINUTE);
    assert.ok(later <= 12, `${later} writes in half an hour`);
    assert.ok(rig.minted.length <= 2 * minted, `${rig.minted.length} minted`);
    assert.deepEqual([...new Set(rig.said)], ["False/ChangesUndone"]);
    assert.ok(rig.said.length <= 2, "the same is not written again");
    assert.equal(
      rig.status().error,
      `${what} did not stay, since an admission webhook or policy changes what the operator ` +
        "writes. Exempt the operator from it; meanwhile the operator tries again, more and more " +
        "rarely.",
    );
    assert.equal(rig.told.at(-1), "failed");
  });
}
