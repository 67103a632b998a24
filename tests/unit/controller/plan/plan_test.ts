import assert from "node:assert/strict";
import type {
  BindingStatus,
  BindingView,
  Condition,
} from "../../../../src/controller/binding/view.ts";
import type {
  Action,
  MintAction,
  Plan,
  SecretWrite,
} from "../../../../src/controller/plan/actions.ts";
import { refreshAt } from "../../../../src/controller/plan/schedule.ts";
import type { Content, Inspection, SecretState } from "../../../../src/controller/plan/snapshot.ts";
import type { Trouble } from "../../../../src/controller/plan/trouble.ts";
import {
  account,
  CLIENT_ID,
  HOUR,
  MINUTE,
  NOW,
  SECOND,
  secretOf,
  SERVER,
  snapshotOf,
  TENANT_ID,
  time,
  viewFederated,
  viewV1,
  viewV2,
  without,
} from "../builders.ts";
import { hash } from "../../../../src/controller/names.ts";
import { inputsOfAttempt, plan, type Snapshot } from "./planning.ts";

const V1 = viewV1();
const V2 = viewV2();
const NEW = viewV1({ metadata: { finalizers: [] } });
const OURS = secretOf(V1);
const NAME = V1.secretName;
const LIFETIME = { refreshedAt: NOW - HOUR, expiresAt: NOW + 2 * HOUR };
const DUE_AT = refreshAt(LIFETIME, V1.rotation, V1.uid);
const V2_DUE_AT = refreshAt(LIFETIME, V2.rotation, V2.uid);

const REQUEST = {
  identity: { kind: "managedIdentity", clientId: CLIENT_ID },
  audience: "https://management.azure.com/",
  server: SERVER,
  scope: "",
} as const;

const ADD_FINALIZER: Action = { kind: "addFinalizer" };
const REMOVE_FINALIZER: Action = { kind: "removeFinalizer" };
const inspect = (name = NAME): Action => ({ kind: "inspectSecret", name });
const mint = (write: SecretWrite, reason: string): MintAction => ({
  kind: "mint",
  request: REQUEST,
  write,
  reason,
});
const attach = (secret = NAME, serviceAccount = "default"): Action => ({
  kind: "addReference",
  serviceAccount,
  secret,
});
const detach = (serviceAccount: string, ...secrets: string[]): Action => ({
  kind: "removeReferences",
  serviceAccount,
  secrets,
});
const remove = (secret: SecretState, reason: string): Action => ({
  kind: "deleteSecret",
  secret,
  reason,
});

function ready(binding: BindingView, change: Partial<Condition> = {}): Condition {
  return {
    type: "Ready",
    status: "True",
    observedGeneration: 1,
    lastTransitionTime: time(NOW),
    reason: "CredentialAttached",
    message: `Secret ${binding.secretName} is attached to service account ${binding.target}.`,
    ...change,
  };
}

const TIMES = { lastTokenRefreshTime: time(NOW - HOUR), tokenExpirationTime: time(NOW + 2 * HOUR) };
const settledStatus = (binding: BindingView): BindingStatus => ({
  ...TIMES,
  observedGeneration: 1,
  conditions: [ready(binding)],
});
/** The binding whose status says already that all is well. */
const settled = (binding: BindingView): BindingView => ({
  ...binding,
  status: settledStatus(binding),
});

const failure = (reason: string, message: string, status: BindingStatus = {}): Action => ({
  kind: "writeStatus",
  status: {
    ...status,
    error: message,
    observedGeneration: 1,
    conditions: [ready(V1, { status: "False", reason, message })],
  },
});

const stalled = (message: string): Condition =>
  ready(V1, { type: "Stalled", reason: "InvalidSpec", message });
const SERVES = "The credential serves until 2026-06-01T14:00:00Z, but has no successor: ";
const EVIL =
  'spec.acrServer "evil.example" is outside the allowed registry suffixes (azurecr.io); ' +
  "correct it, or have the administrator extend --allowed-acr-server-suffixes.";
const EVIL_SPEC = viewV1({ spec: { acrServer: "evil.example" } });
const invalidSpec = (message: string, isReady: boolean, status: BindingStatus = {}): Action => ({
  kind: "writeStatus",
  status: {
    ...status,
    error: message,
    observedGeneration: 1,
    conditions: [
      isReady
        ? ready(V1, { reason: "InvalidSpec", message: SERVES + message })
        : ready(V1, { status: "False", reason: "InvalidSpec", message }),
      stalled(message),
    ],
  },
});

const INTACT: Content = { kind: "intact", expiresAt: NOW + 2 * HOUR, mintedAt: NOW - HOUR };
const found = (secret: SecretState, content: Content = INTACT): Inspection => ({
  kind: "found",
  secret,
  content,
});

/** A trouble of an attempt made from what the snapshot holds. */
function troubled(snapshot: Snapshot, change: Partial<Trouble> = {}): Snapshot {
  const trouble: Trouble = {
    failures: 1,
    failedAt: NOW - MINUTE,
    retryAt: NOW + MINUTE,
    class: "transient",
    reason: "Timeout",
    message: "IMDS did not answer. Wait.",
    action: "mint",
    inputs: inputsOfAttempt(snapshot, change),
    ...change,
  };
  return { ...snapshot, trouble };
}

const ATTACHED = { secrets: [OURS], accounts: [account("default", [NAME])] };
/** The same just after it was written, as its answer had it. */
const WRITTEN = { ...ATTACHED, inspection: found(OURS) };
const SERVING = troubled(snapshotOf(settled(V1), ATTACHED));
const REFRESH_FAILING: Action = {
  kind: "writeStatus",
  status: {
    ...TIMES,
    error: "IMDS did not answer. Wait.",
    observedGeneration: 1,
    conditions: [
      ready(V1, {
        reason: "RefreshFailing",
        message: "The credential serves until 2026-06-01T14:00:00Z, but has no successor: " +
          "IMDS did not answer. Wait.",
      }),
    ],
  },
};
const ALTERED: SecretState = { ...OURS, dataIsOurs: false };
const UNLABELLED: SecretState = without(ALTERED, "label");
/** As the seed left its Secrets: no label, no annotation. */
const SEED_ERA = without(UNLABELLED, "expiry", "refresh", "inputs");
const SEED_ANNOTATIONS = {
  "acr.microsoft.com/token.expiry": time(NOW + 2 * HOUR),
  "acr.microsoft.com/token.refresh": time(NOW - HOUR),
  "acr.microsoft.com/token.inputs": V1.inputsHash,
};
const LABEL = { "acr.microsoft.com/binding": "pull" };
const PREDECESSORS: SecretState = { ...OURS, owner: { ...OURS.owner!, uid: "uid-before" } };
const OWNED_BY_V2: SecretState = { ...OURS, owner: { ...secretOf(V2).owner! } };
const OLD_NAME: SecretState = { ...OURS, name: "old-msi-acrpull-secret", uid: "uid-old" };
const DELETING = viewV1({ metadata: { deletionTimestamp: time(NOW) } });
const GONE = "the binding is being deleted";
const MISSING =
  'service account "default" not found; create it, or correct the name in the binding.';
const TAKEN_BY_NOBODY =
  `Secret "${NAME}" is not managed by this operator; delete it, or give this ` +
  "binding another name.";

const REFUSED = {
  action: "deleteSecret",
  reason: "KubernetesRefused",
  message: "Deleting Secret x failed: 403 Forbidden: no.",
} as const;
/** One that was deleted, and that another's finalizer keeps. */
const HELD: SecretState = { ...OURS, heldBy: ["theirs.example/backup"] };
const HELD_BY = `Secret "${NAME}" is being deleted, but held by finalizer ` +
  '"theirs.example/backup"; have whoever set that remove it.';
const ANEW = `${HELD_BY} The operator makes it anew once it is gone.`;
const HELD_UP = (reason: string, why: string, status: BindingStatus = {}): Action =>
  failure(reason, `The binding is being deleted, which is held up. ${why}`, status);
const statusOf = (action: Action): BindingStatus =>
  action.kind === "writeStatus" ? action.status : {};

/** What is said of a credential that serves, beside something else. */
function servesBeside(reason: string, message: string): Action {
  return {
    kind: "writeStatus",
    status: {
      ...TIMES,
      error: message,
      observedGeneration: 1,
      conditions: [
        ready(V1, {
          reason,
          message: `The credential serves until 2026-06-01T14:00:00Z. ${message}`,
        }),
      ],
    },
  };
}

/** What is told once the credential that pods have has expired at `end`. */
function expired(
  end: number,
  why: string,
  reason = "CredentialExpired",
  ...more: Condition[]
): Action {
  const message = `Pulls fail since ${time(end)}, when the credential expired: ${why}`;
  return {
    kind: "writeStatus",
    status: {
      ...TIMES,
      tokenExpirationTime: time(end),
      error: message,
      observedGeneration: 1,
      conditions: [
        ready(V1, {
          status: "False",
          lastTransitionTime: time(end),
          reason,
          message,
        }),
        ...more,
      ],
    },
  };
}

interface Case {
  readonly when: string;
  readonly snapshot: Snapshot;
  readonly at?: number;
  readonly plan: Plan;
}

const NEW_BINDINGS: readonly Case[] = [
  {
    when: "a new binding gets its finalizer first, then a Secret, then a reference",
    snapshot: snapshotOf(NEW),
    plan: {
      actions: [ADD_FINALIZER, mint({ mode: "create" }, "there is no Secret"), attach()],
    },
  },
  {
    when: "an account that names the Secret beforehand needs no reference",
    snapshot: snapshotOf(NEW, { accounts: [account("default", ["x", NAME])] }),
    plan: { actions: [ADD_FINALIZER, mint({ mode: "create" }, "there is no Secret")] },
  },
  {
    when: "a binding that was known before has its Secret looked for past the cache",
    snapshot: snapshotOf(V1),
    plan: { actions: [inspect()] },
  },
  {
    when: "a Secret that is looked for and not there is made",
    snapshot: snapshotOf(V1, { inspection: { kind: "absent" } }),
    plan: { actions: [mint({ mode: "create" }, "there is no Secret"), attach()] },
  },
  {
    when: "nothing is minted while the target is missing, and the status says so",
    snapshot: snapshotOf(NEW, { accounts: [] }),
    plan: { actions: [ADD_FINALIZER, failure("ServiceAccountNotFound", MISSING)] },
  },
  {
    when: "a target that comes late gets the Secret that is there, of which nothing is said before",
    snapshot: snapshotOf(V1, { secrets: [OURS], inspection: found(OURS) }),
    plan: { actions: [attach()], wakeAt: DUE_AT },
  },
  {
    when: "a binding is said to be ready once its Secret is seen to be attached",
    snapshot: snapshotOf(V1, WRITTEN),
    plan: {
      actions: [{ kind: "writeStatus", status: settledStatus(V1) }],
      wakeAt: DUE_AT,
    },
  },
  {
    when: "an invalid spec from the beginning is told, and nothing else is done for it",
    snapshot: snapshotOf(EVIL_SPEC),
    plan: { actions: [invalidSpec(EVIL, false)] },
  },
  {
    when: "a binding without spec, which the reference's CRD admits, is detached from nothing",
    snapshot: snapshotOf(
      { ...V1, target: "", credential: { kind: "invalid", message: "spec is missing." } },
      ATTACHED,
    ),
    plan: { actions: [invalidSpec("spec is missing.", false, TIMES)] },
  },
];

/** The spec was made invalid, or what it names went away, after a credential had been attached. */
const FAULTS_LATER: readonly Case[] = [
  {
    when:
      "what the status does not tell to serve makes an invalid spec ready once it is read alone",
    snapshot: snapshotOf(EVIL_SPEC, ATTACHED),
    plan: { actions: [invalidSpec(EVIL, false, TIMES)] },
  },
  {
    when: "an invalid spec mints nothing, and Ready lasts as long as the credential that is there",
    snapshot: snapshotOf(EVIL_SPEC, { ...WRITTEN, keepsConditions: false }),
    plan: { actions: [invalidSpec(EVIL, true, TIMES)], wakeAt: LIFETIME.expiresAt },
  },
  {
    when: "an invalid spec of which the status tells needs nothing until the credential expires",
    snapshot: snapshotOf({
      ...EVIL_SPEC,
      status: (invalidSpec(EVIL, true, TIMES) as { status: BindingStatus }).status,
    }, ATTACHED),
    plan: { actions: [], wakeAt: LIFETIME.expiresAt },
  },
  {
    when: "a millisecond before the credential of an invalid spec expires it is still ready",
    snapshot: snapshotOf(EVIL_SPEC, WRITTEN),
    at: LIFETIME.expiresAt - 1,
    plan: {
      actions: [{
        ...invalidSpec(EVIL, true, TIMES),
        status: {
          ...(invalidSpec(EVIL, true, TIMES) as { status: BindingStatus }).status,
          conditions: [
            ready(V1, { reason: "InvalidSpec", message: SERVES + EVIL }),
            stalled(EVIL),
          ].map((condition) => ({
            ...condition,
            lastTransitionTime: time(LIFETIME.expiresAt - SECOND),
          })),
        },
      } as Action],
      wakeAt: LIFETIME.expiresAt,
    },
  },
  {
    when: "with the credential's end an invalid spec is no longer ready",
    snapshot: snapshotOf(EVIL_SPEC, {
      ...ATTACHED,
      secrets: [{ ...OURS, expiry: time(NOW) }],
      inspection: found(OURS, { ...INTACT, expiresAt: NOW }),
    }),
    plan: {
      actions: [expired(NOW, EVIL, "InvalidSpec", stalled(EVIL))],
    },
  },
  {
    when: "a credential that is attached to another account does not make an invalid spec ready",
    snapshot: snapshotOf(EVIL_SPEC, {
      secrets: [OURS],
      accounts: [account("default"), account("old", [NAME])],
    }),
    plan: { actions: [invalidSpec(EVIL, false, TIMES)] },
  },
  {
    when: "data that another wrote do not make an invalid spec ready",
    snapshot: snapshotOf(EVIL_SPEC, { ...ATTACHED, secrets: [ALTERED] }),
    plan: { actions: [invalidSpec(EVIL, false, TIMES)] },
  },
  {
    when: "data that another wrote and that were found intact make an invalid spec ready",
    snapshot: snapshotOf(EVIL_SPEC, {
      ...ATTACHED,
      secrets: [ALTERED],
      inspection: found(ALTERED),
    }),
    plan: { actions: [invalidSpec(EVIL, true, TIMES)], wakeAt: LIFETIME.expiresAt },
  },
  {
    when: "another's Secret does not make an invalid spec ready",
    snapshot: snapshotOf(EVIL_SPEC, { ...ATTACHED, secrets: [OWNED_BY_V2] }),
    plan: { actions: [invalidSpec(EVIL, false)] },
  },
  {
    when: "while a failed write rests, the earlier of its next try and the credential's end counts",
    snapshot: troubled(snapshotOf(EVIL_SPEC, WRITTEN)),
    plan: { actions: [invalidSpec(EVIL, true, TIMES)], wakeAt: NOW + MINUTE },
  },
  {
    when: "while a failed write rests for long, the credential's end is not slept through",
    snapshot: troubled(snapshotOf(EVIL_SPEC, WRITTEN), { retryAt: NOW + 3 * HOUR }),
    plan: { actions: [invalidSpec(EVIL, true, TIMES)], wakeAt: LIFETIME.expiresAt },
  },
  {
    when: "a spec that is mended is no longer stalled",
    snapshot: snapshotOf({
      ...V1,
      status: { ...settledStatus(V1), conditions: [ready(V1), stalled(EVIL)] },
    }, ATTACHED),
    plan: {
      actions: [{ kind: "writeStatus", status: settledStatus(V1) }],
      wakeAt: DUE_AT,
    },
  },
];

const ENDING = { isNamespaceEnding: true, reason: "NamespaceTerminating" } as const;
const NAMESPACE_ENDING: readonly Case[] = [
  {
    when: "in a namespace that is being deleted nothing is made or told until the next look",
    snapshot: troubled(snapshotOf(NEW), ENDING),
    plan: { actions: [], wakeAt: NOW + MINUTE },
  },
  {
    when: "there neither a changed spec nor a missing account is worth a word",
    snapshot: { ...troubled(snapshotOf(NEW), ENDING), ...snapshotOf(EVIL_SPEC, { accounts: [] }) },
    plan: { actions: [], wakeAt: NOW + MINUTE },
  },
  {
    when: "once it is time the namespace is tried again",
    snapshot: troubled(snapshotOf(NEW), { ...ENDING, retryAt: NOW }),
    plan: {
      actions: [
        ADD_FINALIZER,
        { ...mint({ mode: "create" }, "there is no Secret"), failedAt: NOW - MINUTE },
        attach(),
      ],
    },
  },
  {
    when: "so it is with a clock set back behind the attempt that found it so",
    snapshot: troubled(snapshotOf(NEW), { ...ENDING, failedAt: NOW + 1, retryAt: NOW + HOUR }),
    plan: {
      actions: [
        ADD_FINALIZER,
        { ...mint({ mode: "create" }, "there is no Secret"), failedAt: NOW + 1 },
        attach(),
      ],
    },
  },
  {
    when: "a binding that is being deleted with its namespace is let go at once",
    snapshot: {
      ...troubled(snapshotOf(NEW), ENDING),
      ...snapshotOf(DELETING, { inspection: { kind: "absent" } }),
    },
    plan: { actions: [REMOVE_FINALIZER] },
  },
];

const SETTLED: readonly Case[] = [
  {
    when: "a settled binding leaves nothing but the moment of its refresh",
    snapshot: snapshotOf(settled(V1), ATTACHED),
    plan: { actions: [], wakeAt: DUE_AT },
  },
  {
    when: "v1beta2 refreshes at the part of the life that is configured",
    snapshot: snapshotOf(settled(V2), {
      secrets: [secretOf(V2)],
      accounts: [account("default", [V2.secretName])],
    }),
    plan: { actions: [], wakeAt: V2_DUE_AT },
  },
  {
    when: "a credential is refreshed in place at the very moment that it is due",
    snapshot: snapshotOf(settled(V1), ATTACHED),
    at: DUE_AT,
    plan: {
      actions: [{ ...mint({ mode: "update", secret: OURS }, "the refresh is due"), keeps: 0 }],
    },
  },
  {
    when: "a millisecond before it is not",
    snapshot: snapshotOf(settled(V1), ATTACHED),
    at: DUE_AT - 1,
    plan: { actions: [], wakeAt: DUE_AT },
  },
  {
    when: "a reference that somebody removed is added again",
    snapshot: snapshotOf(settled(V1), { secrets: [OURS], accounts: [account("default", ["x"])] }),
    plan: { actions: [attach()], wakeAt: DUE_AT },
  },
  {
    when: "a finalizer that somebody removed is added again",
    snapshot: snapshotOf({ ...settled(V1), finalizers: ["x"] }, ATTACHED),
    plan: { actions: [ADD_FINALIZER], wakeAt: DUE_AT },
  },
  {
    when: "a changed spec mints at once, in place",
    snapshot: snapshotOf(settled(V1), { ...ATTACHED, secrets: [{ ...OURS, inputs: "before" }] }),
    plan: {
      actions: [
        mint(
          { mode: "update", secret: { ...OURS, inputs: "before" } },
          "the binding's spec changed",
        ),
      ],
    },
  },
  {
    when: "pruned conditions are written once, and no more",
    snapshot: snapshotOf(
      { ...V1, status: { ...TIMES } },
      { ...ATTACHED, keepsConditions: false },
    ),
    plan: { actions: [], wakeAt: DUE_AT },
  },
  {
    when: "a status that the reference left gets its conditions where they are kept",
    snapshot: snapshotOf({ ...V1, status: { ...TIMES } }, ATTACHED),
    plan: {
      actions: [{ kind: "writeStatus", status: settledStatus(V1) }],
      wakeAt: DUE_AT,
    },
  },
];

/** Its token lacks two of the scopes that were asked for. */
const PARTLY: SecretState = { ...OURS, lacking: "2" };
const ATTACHED_PARTLY = { ...ATTACHED, secrets: [PARTLY] };
const NOT_GRANTED = {
  class: "auth-denied",
  reason: "ScopeNotGranted",
  message: "It was not granted. Grant it.",
} as const;

const PARTLY_GRANTED: readonly Case[] = [
  {
    when: "a credential that lacks scopes is asked for anew, and keeps its place from its like",
    snapshot: snapshotOf(settled(V1), ATTACHED_PARTLY),
    plan: {
      actions: [{
        ...mint({ mode: "update", secret: PARTLY }, "not all that was asked for was granted"),
        keeps: 2,
      }],
    },
  },
  {
    when: "one whose refresh is due is renewed by its like",
    snapshot: snapshotOf(settled(V1), ATTACHED_PARTLY),
    at: DUE_AT,
    plan: { actions: [mint({ mode: "update", secret: PARTLY }, "the refresh is due")] },
  },
  {
    when: "one that others wrote is known by its token",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      secrets: [ALTERED],
      inspection: found(ALTERED, { ...INTACT, lacking: 1 }),
    }),
    plan: {
      actions: [{
        ...mint({ mode: "update", secret: ALTERED }, "not all that was asked for was granted"),
        keeps: 1,
      }],
    },
  },
  {
    when: "what an annotation says of data that others wrote since is nothing",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      secrets: [{ ...PARTLY, dataIsOurs: false }],
      inspection: found({ ...PARTLY, dataIsOurs: false }),
    }),
    plan: {
      actions: [],
      wakeAt: DUE_AT,
    },
  },
  {
    when: "until the next attempt it is not ready, though it serves what was granted",
    snapshot: troubled(snapshotOf(settled(V1), ATTACHED_PARTLY), NOT_GRANTED),
    plan: {
      actions: [failure("ScopeNotGranted", NOT_GRANTED.message, TIMES)],
      wakeAt: NOW + MINUTE,
    },
  },
  {
    when: "nor is it where the attempt failed for another reason",
    snapshot: troubled(snapshotOf(settled(V1), ATTACHED_PARTLY)),
    plan: {
      actions: [failure("Timeout", "IMDS did not answer. Wait.", TIMES)],
      wakeAt: NOW + MINUTE,
    },
  },
  {
    when: "nor where its spec has become invalid",
    snapshot: snapshotOf(settled(EVIL_SPEC), ATTACHED_PARTLY),
    plan: { actions: [invalidSpec(EVIL, false, TIMES)] },
  },
  {
    when: "one that is whole stays ready while its successor would lack scopes",
    snapshot: troubled(snapshotOf(settled(V1), ATTACHED), NOT_GRANTED),
    plan: {
      actions: [{
        kind: "writeStatus",
        status: {
          ...TIMES,
          error: NOT_GRANTED.message,
          observedGeneration: 1,
          conditions: [
            ready(V1, { reason: "RefreshFailing", message: SERVES + NOT_GRANTED.message }),
          ],
        },
      }],
      wakeAt: NOW + MINUTE,
    },
  },
];

const MOVED: readonly Case[] = [
  {
    when: "a moved target has the reference before every other account loses it",
    snapshot: snapshotOf(settled(viewV1({ spec: { serviceAccountName: "builder" } })), {
      secrets: [OURS],
      accounts: [account("builder"), account("default", ["x", NAME, NAME]), account("old", [NAME])],
    }),
    plan: {
      actions: [attach(NAME, "builder"), detach("default", NAME), detach("old", NAME)],
      wakeAt: DUE_AT,
    },
  },
  {
    when: "a reference elsewhere stays while nobody knows whose the Secret of that name is",
    snapshot: snapshotOf(V1, { accounts: [account("default"), account("old", [NAME])] }),
    plan: { actions: [inspect()] },
  },
  {
    when: "it stays when a new binding takes the name, since the Secret may be a user's",
    snapshot: snapshotOf(NEW, { accounts: [account("default"), account("old", [NAME])] }),
    plan: {
      actions: [ADD_FINALIZER, mint({ mode: "create" }, "there is no Secret"), attach()],
    },
  },
  {
    when: "it goes once it is known that there is no Secret of that name",
    snapshot: snapshotOf(V1, {
      accounts: [account("default"), account("old", [NAME])],
      inspection: { kind: "absent" },
    }),
    plan: {
      actions: [mint({ mode: "create" }, "there is no Secret"), attach(), detach("old", NAME)],
    },
  },
  {
    when: "a target that moved to one that is missing keeps its reference until that is there",
    snapshot: snapshotOf(viewV1({ spec: { serviceAccountName: "builder" } }), {
      secrets: [OURS],
      accounts: [account("default", [NAME])],
    }),
    plan: {
      actions: [
        failure(
          "ServiceAccountNotFound",
          'service account "builder" not found; create it, or correct the name in the binding.',
          TIMES,
        ),
      ],
    },
  },
  {
    when: "a further Secret of the binding goes only after its successor is attached",
    snapshot: snapshotOf(V1, {
      secrets: [OURS, OLD_NAME],
      inspection: found(OURS),
      accounts: [account("default", [OLD_NAME.name])],
    }),
    plan: {
      actions: [
        attach(),
        detach("default", OLD_NAME.name),
        remove(OLD_NAME, `${NAME} has taken its place`),
      ],
      wakeAt: DUE_AT,
    },
  },
  {
    when: "a further Secret stays as long as its successor is not there",
    snapshot: snapshotOf(NEW, {
      secrets: [OLD_NAME],
      accounts: [account("default", [OLD_NAME.name])],
    }),
    plan: {
      actions: [ADD_FINALIZER, mint({ mode: "create" }, "there is no Secret"), attach()],
    },
  },
];

const ALTERATIONS: readonly Case[] = [
  {
    when: "data that another manager wrote is looked at before anything is decided",
    snapshot: snapshotOf(settled(V1), { ...ATTACHED, secrets: [ALTERED] }),
    plan: { actions: [inspect()] },
  },
  {
    when: "data that is intact, whoever wrote it, is left alone",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      secrets: [ALTERED],
      inspection: found(ALTERED),
    }),
    plan: { actions: [], wakeAt: DUE_AT },
  },
  {
    when: "data that is broken is minted anew in place",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      secrets: [ALTERED],
      inspection: found(ALTERED, { kind: "broken", why: "holds nothing", immutable: false }),
    }),
    plan: {
      actions: [mint({ mode: "update", secret: ALTERED }, "the Secret holds nothing")],
    },
  },
  {
    when: "a Secret that no update can mend is replaced",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      secrets: [ALTERED],
      inspection: found(ALTERED, { kind: "broken", why: "is of type Opaque", immutable: true }),
    }),
    plan: {
      actions: [
        mint({ mode: "replace", secret: ALTERED, serves: false }, "the Secret is of type Opaque"),
      ],
    },
  },
  {
    when: "a refresh that is due looks at nothing first, whoever wrote the data",
    snapshot: snapshotOf(settled(V1), { ...ATTACHED, secrets: [ALTERED] }),
    at: DUE_AT,
    plan: {
      actions: [mint({ mode: "update", secret: ALTERED }, "the refresh is due")],
    },
  },
  {
    when: "one whose refresh is due and that a user marked immutable is replaced",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      inspection: found(OURS, { ...INTACT, immutable: true }),
    }),
    at: DUE_AT,
    plan: {
      actions: [{
        ...mint({ mode: "replace", secret: OURS, serves: true }, "the refresh is due"),
        keeps: 0,
      }],
    },
  },
  ...(["inputs", "expiry", "refresh"] as const).map((annotation) => ({
    when: `own data without the annotation of its ${annotation} is looked at`,
    snapshot: snapshotOf(settled(V1), { ...ATTACHED, secrets: [without(OURS, annotation)] }),
    plan: { actions: [inspect()] },
  })),
  {
    when: "a verdict on another version of the Secret says nothing",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      secrets: [{ ...ALTERED, resourceVersion: "21" }],
      inspection: found(ALTERED),
    }),
    plan: { actions: [inspect()] },
  },
  {
    when: "a Secret that was read later than the cache tells counts as it was read",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      inspection: found({ ...ALTERED, resourceVersion: "21" }),
    }),
    plan: { actions: [], wakeAt: DUE_AT },
  },
  {
    when: "a Secret that was read and is in the cache no more was deleted: it is looked for again",
    snapshot: snapshotOf(settled(V1), { accounts: ATTACHED.accounts, inspection: found(ALTERED) }),
    plan: { actions: [inspect()] },
  },
  {
    when: "times that do not agree with the token are put right by the token",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      secrets: [{ ...ALTERED, expiry: time(NOW + 9 * HOUR) }],
      inspection: found({ ...ALTERED, expiry: time(NOW + 9 * HOUR) }),
    }),
    plan: {
      actions: [{
        kind: "adoptSecret",
        secret: { ...ALTERED, expiry: time(NOW + 9 * HOUR) },
        labels: {},
        annotations: without(SEED_ANNOTATIONS, "acr.microsoft.com/token.inputs"),
      }],
    },
  },
  {
    when: "a token that says it is due is minted anew, whatever the annotations say",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      secrets: [ALTERED],
      inspection: found(ALTERED, { ...INTACT, expiresAt: NOW + 10 * MINUTE }),
    }),
    plan: {
      actions: [{ ...mint({ mode: "update", secret: ALTERED }, "the refresh is due"), keeps: 0 }],
    },
  },
  {
    when: "a v1beta1 Secret that lost its label, and so the cache, is found and put right",
    snapshot: snapshotOf(settled(V1), {
      accounts: ATTACHED.accounts,
      inspection: found(UNLABELLED),
    }),
    plan: {
      actions: [{ kind: "adoptSecret", secret: UNLABELLED, labels: LABEL, annotations: {} }],
    },
  },
];

const SEED: readonly Case[] = [
  {
    when:
      "a seed-era Secret is kept and gets label and annotations, and a reference if it has none",
    snapshot: snapshotOf(V1, { inspection: found(SEED_ERA) }),
    plan: {
      actions: [
        { kind: "adoptSecret", secret: SEED_ERA, labels: LABEL, annotations: SEED_ANNOTATIONS },
        attach(),
      ],
    },
  },
  {
    when: "one that has expired is minted anew, though it tells of no moment of minting",
    snapshot: snapshotOf(V1, {
      accounts: ATTACHED.accounts,
      inspection: found(SEED_ERA, { kind: "intact", expiresAt: NOW - SECOND }),
    }),
    plan: { actions: [mint({ mode: "update", secret: SEED_ERA }, "the refresh is due")] },
  },
  {
    when: "one without a moment of minting counts as minted now",
    snapshot: snapshotOf(V1, {
      accounts: ATTACHED.accounts,
      inspection: found(SEED_ERA, without(INTACT, "mintedAt")),
    }),
    plan: {
      actions: [{
        kind: "adoptSecret",
        secret: SEED_ERA,
        labels: LABEL,
        annotations: { ...SEED_ANNOTATIONS, "acr.microsoft.com/token.refresh": time(NOW) },
      }],
    },
  },
  {
    when: "one whose token is about to expire is minted anew in place",
    snapshot: snapshotOf(V1, {
      accounts: ATTACHED.accounts,
      inspection: found(SEED_ERA, { ...INTACT, expiresAt: NOW + MINUTE }),
    }),
    plan: { actions: [mint({ mode: "update", secret: SEED_ERA }, "the refresh is due")] },
  },
  {
    when: "one that holds no token is minted anew in place",
    snapshot: snapshotOf(V1, {
      accounts: ATTACHED.accounts,
      inspection: found(SEED_ERA, { kind: "broken", why: "holds nothing", immutable: false }),
    }),
    plan: { actions: [mint({ mode: "update", secret: SEED_ERA }, "the Secret holds nothing")] },
  },
];

const OWNERS: readonly Case[] = [
  {
    when: "a predecessor's Secret is replaced",
    snapshot: snapshotOf(NEW, { secrets: [PREDECESSORS] }),
    plan: {
      actions: [
        ADD_FINALIZER,
        mint(
          { mode: "replace", secret: PREDECESSORS, serves: true },
          "the Secret was made for an earlier binding",
        ),
        attach(),
      ],
    },
  },
  {
    when: "one restored from a backup without its owner is replaced",
    snapshot: snapshotOf(NEW, { secrets: [without(OURS, "owner")] }),
    plan: {
      actions: [
        ADD_FINALIZER,
        mint(
          { mode: "replace", secret: without(OURS, "owner"), serves: true },
          "the Secret was made for an earlier binding",
        ),
        attach(),
      ],
    },
  },
  {
    when: "one that belongs to the other API's binding is left to it",
    snapshot: snapshotOf(V1, { secrets: [OWNED_BY_V2], accounts: [account("default", [NAME])] }),
    plan: {
      actions: [
        failure(
          "SecretNameTaken",
          `Secret "${NAME}" belongs to AcrPullBinding "pull" of ` +
            '"acrpull.microsoft.com/v1beta2"; delete it, or give this binding another name.',
        ),
      ],
    },
  },
  {
    when: "one that something else owns is left to it, though it has our label",
    snapshot: snapshotOf(V1, { secrets: [{ ...without(OURS, "owner"), ownedByOthers: true }] }),
    plan: { actions: [failure("SecretNameTaken", TAKEN_BY_NOBODY)] },
  },
  {
    when: "one that a user made is left alone, and looked at again later since no cache has it",
    snapshot: snapshotOf(V1, { inspection: found(without(SEED_ERA, "owner")) }),
    plan: {
      actions: [failure("SecretNameTaken", TAKEN_BY_NOBODY)],
      wakeAt: NOW + 5 * MINUTE,
    },
  },
  {
    when: "a Secret under another name that is another binding's is no business of this one",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      secrets: [OURS, secretOf(V2), { ...PREDECESSORS, name: OLD_NAME.name }],
    }),
    plan: { actions: [], wakeAt: DUE_AT },
  },
];

const TROUBLES: readonly Case[] = [
  {
    when: "a failed attempt rests until its next moment, and the status says why",
    snapshot: troubled(snapshotOf(V1, { inspection: { kind: "absent" } })),
    plan: {
      actions: [failure("Timeout", "IMDS did not answer. Wait.")],
      wakeAt: NOW + MINUTE,
    },
  },
  {
    when: "at that moment it is made again",
    snapshot: troubled(snapshotOf(V1, { inspection: { kind: "absent" } }), { retryAt: NOW }),
    plan: {
      actions: [
        { ...mint({ mode: "create" }, "there is no Secret"), failedAt: NOW - MINUTE },
        attach(),
      ],
    },
  },
  {
    when: "with a clock set back behind the attempt it is made again at once",
    snapshot: troubled(snapshotOf(V1, { inspection: { kind: "absent" } }), {
      failedAt: NOW + HOUR,
      retryAt: NOW + HOUR + MINUTE,
    }),
    plan: {
      actions: [
        { ...mint({ mode: "create" }, "there is no Secret"), failedAt: NOW + HOUR },
        attach(),
      ],
    },
  },
  {
    when:
      "other inputs than those that failed are tried at once, whatever failed for others so far",
    snapshot: troubled(snapshotOf(V1, { inspection: { kind: "absent" } }), { inputs: "before" }),
    plan: {
      actions: [{ ...mint({ mode: "create" }, "there is no Secret"), failedAt: NOW }, attach()],
    },
  },
  {
    when: "20 s before the credential expires it is the last try",
    snapshot: { ...SERVING, trouble: { ...SERVING.trouble!, retryAt: NOW } },
    at: NOW + 2 * HOUR - 20_000,
    plan: {
      actions: [{
        ...mint({ mode: "update", secret: OURS }, "the refresh is due"),
        failedAt: NOW - MINUTE,
        lastTry: true,
      }],
    },
  },
  {
    when: "so it is where the target does not refer to the Secret, which pods may name themselves",
    snapshot: troubled(snapshotOf(settled(V1), { secrets: [OURS] }), { retryAt: NOW }),
    at: NOW + 2 * HOUR - 20_000,
    plan: {
      actions: [
        {
          ...mint({ mode: "update", secret: OURS }, "the refresh is due"),
          failedAt: NOW - MINUTE,
          lastTry: true,
        },
        attach(),
      ],
    },
  },
  {
    when: "a failing refresh leaves the credential in use: Ready stays, the error tells",
    snapshot: SERVING,
    at: NOW,
    plan: { actions: [REFRESH_FAILING], wakeAt: NOW + MINUTE },
  },
  {
    when: "it is looked at when the credential expires, should that come first",
    snapshot: { ...SERVING, trouble: { ...SERVING.trouble!, retryAt: NOW + 9 * HOUR } },
    plan: { actions: [REFRESH_FAILING], wakeAt: NOW + 2 * HOUR },
  },
  {
    when: "a credential that has expired serves no more",
    snapshot: { ...SERVING, trouble: { ...SERVING.trouble!, retryAt: NOW + 9 * HOUR } },
    at: NOW + 2 * HOUR,
    plan: {
      actions: [expired(NOW + 2 * HOUR, "IMDS did not answer. Wait.")],
      wakeAt: NOW + 9 * HOUR,
    },
  },
  {
    when: "a credential for another spec does not count as serving",
    snapshot: troubled(snapshotOf(V1, {
      ...ATTACHED,
      secrets: [{ ...OURS, inputs: "before" }],
    })),
    plan: {
      actions: [failure("Timeout", "IMDS did not answer. Wait.", TIMES)],
      wakeAt: NOW + MINUTE,
    },
  },
  {
    when: "a credential that is not attached does not count as serving",
    snapshot: troubled(snapshotOf(V1, { secrets: [OURS] })),
    plan: {
      actions: [failure("Timeout", "IMDS did not answer. Wait.", TIMES)],
      wakeAt: NOW + MINUTE,
    },
  },
  {
    when: "a fault in the cluster is told while an attempt rests, and nothing is tried",
    snapshot: troubled(snapshotOf(NEW, { accounts: [account("other", [NAME])] })),
    plan: {
      actions: [failure("ServiceAccountNotFound", MISSING)],
      wakeAt: NOW + MINUTE,
    },
  },
];

/** A Secret that was deleted and is still there, since finalizers of others hold it. */
const TERMINATING: readonly Case[] = [
  {
    when: "one that serves does so until its end, and the error names who holds it",
    snapshot: snapshotOf(settled(V1), { ...ATTACHED, secrets: [HELD] }),
    plan: { actions: [servesBeside("SecretTerminating", ANEW)], wakeAt: LIFETIME.expiresAt },
  },
  {
    when: "nothing is minted for it though the refresh is due",
    snapshot: snapshotOf(settled(V1), { ...ATTACHED, secrets: [HELD] }),
    at: DUE_AT,
    plan: { actions: [servesBeside("SecretTerminating", ANEW)], wakeAt: LIFETIME.expiresAt },
  },
  {
    when: "nor though the spec changed, for which it does not serve",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      secrets: [{ ...HELD, inputs: "before" }],
    }),
    plan: { actions: [failure("SecretTerminating", ANEW, TIMES)] },
  },
  {
    when: "with its end the binding is no longer ready",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      secrets: [{ ...HELD, expiry: time(NOW) }],
      inspection: found(HELD, { ...INTACT, expiresAt: NOW }),
    }),
    plan: {
      actions: [expired(NOW, ANEW, "SecretTerminating")],
    },
  },
  {
    when: "one that somebody altered is read before a word is said of it",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      secrets: [{ ...HELD, dataIsOurs: false }],
    }),
    plan: { actions: [{ kind: "inspectSecret", name: NAME }] },
  },
  {
    when: "one that was found to hold nothing does not serve, whatever its annotations say",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      secrets: [{ ...HELD, dataIsOurs: false }],
      inspection: found({ ...HELD, dataIsOurs: false }, {
        kind: "broken",
        why: "holds nothing",
        immutable: false,
      }),
    }),
    plan: { actions: [failure("SecretTerminating", ANEW, TIMES)] },
  },
  {
    when: "one in which somebody put a token that ends sooner serves until that ends",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      secrets: [{ ...HELD, dataIsOurs: false }],
      inspection: found({ ...HELD, dataIsOurs: false }, {
        kind: "intact",
        expiresAt: NOW,
        mintedAt: LIFETIME.refreshedAt,
      }),
    }),
    plan: { actions: [expired(NOW, ANEW, "SecretTerminating")] },
  },
  {
    when: "a predecessor's is waited for, too",
    snapshot: snapshotOf(V1, { secrets: [{ ...PREDECESSORS, heldBy: HELD.heldBy! }] }),
    plan: { actions: [failure("SecretTerminating", ANEW)] },
  },
  {
    when: "one without the label is looked at again, since no watch tells of it",
    snapshot: snapshotOf(V1, {
      inspection: found({ ...UNLABELLED, heldBy: ["a/b", "c/d"] }, {
        kind: "broken",
        why: "holds nothing",
        immutable: false,
      }),
    }),
    plan: {
      actions: [
        failure(
          "SecretTerminating",
          ANEW.replace('"theirs.example/backup"', '"a/b", "c/d"'),
        ),
      ],
      wakeAt: NOW + 5 * MINUTE,
    },
  },
  {
    when: "the finalizer of the binding comes first",
    snapshot: snapshotOf(NEW, { secrets: [{ ...PREDECESSORS, heldBy: HELD.heldBy! }] }),
    plan: { actions: [ADD_FINALIZER] },
  },
  {
    when: "a further Secret that is held is not deleted once more, and holds nothing up",
    snapshot: snapshotOf(settled(V1), {
      ...ATTACHED,
      secrets: [OURS, { ...OLD_NAME, heldBy: HELD.heldBy! }],
    }),
    plan: { actions: [], wakeAt: DUE_AT },
  },
  {
    when: "whose finalizers are gone already is told of without them",
    snapshot: snapshotOf(V1, { secrets: [{ ...HELD, heldBy: [] }], inspection: found(HELD) }),
    plan: {
      actions: [
        failure(
          "SecretTerminating",
          `Secret "${NAME}" is being deleted. The operator makes it anew once it is gone.`,
          TIMES,
        ),
      ],
    },
  },
];

const UNDONE = {
  isUndone: true,
  reason: "ChangesUndone",
  message: "Changing service account default is undone.",
} as const;

/** What was written does not stay. */
const UNDONE_WRITES: readonly Case[] = [
  ...(["NotSettling", "ChangesUndone"] as const).map((reason) => ({
    when: `while ${reason} rests, what another wrote into the Secret is read before it counts`,
    snapshot: troubled(snapshotOf(settled(V1), { ...ATTACHED, secrets: [ALTERED] }), {
      ...(reason === "ChangesUndone" ? UNDONE : { reason }),
      action: "adoptSecret",
      anySecret: true,
    }),
    plan: { actions: [inspect()] },
  })),
  ...(["addReference", "mint"] as const).map((action) => ({
    when: `while ${action} is undone again and again, what is there for now counts for nothing`,
    snapshot: troubled(snapshotOf(settled(V1), ATTACHED), { ...UNDONE, action }),
    plan: {
      actions: [failure("ChangesUndone", UNDONE.message, TIMES)],
      wakeAt: NOW + MINUTE,
    },
  })),
  ...(["addFinalizer", "adoptSecret", "removeReferences", "deleteSecret"] as const).map((
    action,
  ) => ({
    when: `that ${action} is undone takes nothing from a credential that serves`,
    snapshot: troubled(snapshotOf(settled(V1), ATTACHED), { ...UNDONE, action }),
    plan: {
      actions: [servesBeside("ChangesUndone", UNDONE.message)],
      wakeAt: NOW + MINUTE,
    },
  })),
  {
    when: "a failure that holds for any Secret rests though the Secret has changed",
    snapshot: {
      ...troubled(snapshotOf(V1, ATTACHED), { ...UNDONE, action: "mint", anySecret: true }),
      secrets: [{ ...OURS, resourceVersion: "99" }],
    },
    plan: {
      // Nor are its times told, since it may be another one by then.
      actions: [failure("ChangesUndone", UNDONE.message)],
      wakeAt: NOW + MINUTE,
    },
  },
  {
    when: "a Secret that keeps losing its label is looked for by name before anything is said",
    snapshot: troubled(
      snapshotOf(settled(V1), { accounts: ATTACHED.accounts }),
      { ...UNDONE, action: "adoptSecret", anySecret: true },
    ),
    plan: { actions: [inspect()] },
  },
  {
    when: "a Secret that keeps losing its label still serves",
    snapshot: troubled(
      snapshotOf(settled(V1), { accounts: ATTACHED.accounts, inspection: found(UNLABELLED) }),
      { ...UNDONE, action: "adoptSecret", anySecret: true },
    ),
    plan: {
      actions: [servesBeside("ChangesUndone", UNDONE.message)],
      wakeAt: NOW + MINUTE,
    },
  },
];

const DELETIONS: readonly Case[] = [
  {
    when: "a binding that goes takes its references from every account, its Secrets, then itself",
    snapshot: snapshotOf(DELETING, {
      secrets: [OURS, OLD_NAME],
      accounts: [account("default", ["x", NAME, OLD_NAME.name]), account("old", [NAME])],
    }),
    plan: {
      actions: [
        detach("default", NAME, OLD_NAME.name),
        detach("old", NAME),
        remove(OURS, GONE),
        remove(OLD_NAME, GONE),
        REMOVE_FINALIZER,
      ],
    },
  },
  {
    when: "it goes though its account has gone",
    snapshot: snapshotOf(DELETING, { secrets: [OURS], accounts: [] }),
    plan: { actions: [remove(OURS, GONE), REMOVE_FINALIZER] },
  },
  {
    when: "it looks past the cache for a Secret that has no label",
    snapshot: snapshotOf(DELETING, { accounts: [account("default", [NAME])] }),
    plan: { actions: [inspect()] },
  },
  {
    when: "a Secret without label that is its own goes with it",
    snapshot: snapshotOf(DELETING, { inspection: found(SEED_ERA) }),
    plan: { actions: [remove(SEED_ERA, GONE), REMOVE_FINALIZER] },
  },
  {
    when: "where there is none, the reference goes all the same",
    snapshot: snapshotOf(DELETING, {
      accounts: [account("default", [NAME])],
      inspection: { kind: "absent" },
    }),
    plan: { actions: [detach("default", NAME), REMOVE_FINALIZER] },
  },
  {
    when: "a predecessor's Secret goes with it",
    snapshot: snapshotOf(DELETING, { secrets: [PREDECESSORS] }),
    plan: { actions: [remove(PREDECESSORS, GONE), REMOVE_FINALIZER] },
  },
  {
    when: "another's Secret of the name stays, and so does the reference to it",
    snapshot: snapshotOf(DELETING, {
      secrets: [OWNED_BY_V2],
      accounts: [account("default", [NAME])],
    }),
    plan: { actions: [REMOVE_FINALIZER] },
  },
  {
    when: "one that has lost its finalizer is left to go",
    snapshot: snapshotOf({ ...DELETING, finalizers: ["x"] }, ATTACHED),
    plan: { actions: [] },
  },
  {
    when: "a failed deletion rests, too, and the status says what holds it up",
    snapshot: troubled(snapshotOf(DELETING, ATTACHED), REFUSED),
    plan: { actions: [HELD_UP("KubernetesRefused", REFUSED.message)], wakeAt: NOW + MINUTE },
  },
  {
    when: "a binding that is said to be ready is no longer, once its deletion is held up",
    snapshot: troubled(
      snapshotOf({ ...DELETING, status: settledStatus(V1) }, ATTACHED),
      REFUSED,
    ),
    plan: { actions: [HELD_UP("KubernetesRefused", REFUSED.message, TIMES)], wakeAt: NOW + MINUTE },
  },
  {
    when: "what is told already is not told again",
    snapshot: troubled(
      snapshotOf({ ...DELETING, status: statusOf(HELD_UP("KubernetesRefused", REFUSED.message)) }),
      REFUSED,
    ),
    plan: { actions: [], wakeAt: NOW + MINUTE },
  },
  {
    when: "a Secret that finalizers hold keeps its binding, after all else has been taken back",
    snapshot: snapshotOf(DELETING, {
      secrets: [HELD, OLD_NAME],
      accounts: [account("default", [NAME])],
    }),
    plan: { actions: [detach("default", NAME), remove(OLD_NAME, GONE)] },
  },
  {
    when: "then the status names the finalizer, until the watch tells that the Secret has gone",
    snapshot: snapshotOf(DELETING, { secrets: [HELD] }),
    plan: { actions: [HELD_UP("SecretTerminating", HELD_BY)] },
  },
  {
    when: "one without the label is looked at again, since no watch tells of it",
    snapshot: snapshotOf(DELETING, { inspection: found({ ...UNLABELLED, heldBy: HELD.heldBy! }) }),
    plan: { actions: [HELD_UP("SecretTerminating", HELD_BY)], wakeAt: NOW + 5 * MINUTE },
  },
  {
    when: "what failed before the deletion does not hold it up",
    snapshot: { ...snapshotOf(DELETING, ATTACHED), trouble: SERVING.trouble! },
    plan: { actions: [detach("default", NAME), remove(OURS, GONE), REMOVE_FINALIZER] },
  },
];

for (
  const cases of [
    NEW_BINDINGS,
    FAULTS_LATER,
    NAMESPACE_ENDING,
    SETTLED,
    PARTLY_GRANTED,
    MOVED,
    ALTERATIONS,
    SEED,
    OWNERS,
    TROUBLES,
    TERMINATING,
    UNDONE_WRITES,
    DELETIONS,
  ]
) {
  for (const { when, snapshot, at = NOW, plan: expected } of cases) {
    Deno.test(`plan: ${when}`, () => assert.deepEqual(plan(snapshot, at), expected));
  }
}

Deno.test("plan: a v1beta2 Secret that lost its label is replaced, as policies fix its label", () => {
  const lost = without({ ...secretOf(V2), dataIsOurs: false }, "label");
  const snapshot = snapshotOf(settled(V2), {
    accounts: [account("default", [V2.secretName])],
    inspection: found(lost),
  });
  const { actions } = plan(snapshot, NOW);
  assert.deepEqual(
    actions.map((action) => action.kind === "mint" && [action.write, action.reason]),
    [[{ mode: "replace", secret: lost, serves: true }, "the Secret lost its label"]],
  );
});

const IDS = { clientId: CLIENT_ID, tenantId: TENANT_ID };
const HOST = "login.microsoftonline.com";
const IDENTITY_HASH = hash(JSON.stringify([CLIENT_ID, TENANT_ID, HOST]));

function federatedPlan(
  binding: BindingView,
  identity: string | undefined,
  ids: Partial<typeof IDS> = {},
): Plan {
  const secret = secretOf(binding, identity === undefined ? {} : { identity });
  const accounts = [account("default", [binding.secretName], ids)];
  return plan(snapshotOf(settled(binding), { secrets: [secret], accounts }), NOW);
}

Deno.test("plan: a federated credential is asked for the account of that UID, by its annotations", () => {
  const binding = viewFederated({}, { metadata: { finalizers: [] } });
  const accounts = [account("default", [], IDS)];
  assert.deepEqual(plan(snapshotOf(binding, { accounts }), NOW).actions[1], {
    kind: "mint",
    request: {
      identity: {
        kind: "workloadIdentity",
        authorityHost: HOST,
        ...IDS,
        serviceAccount: { namespace: "team-a", name: "default", uid: "uid-sa-default" },
      },
      audience: "https://management.core.windows.net/",
      server: SERVER,
      scope: "repository:app:pull",
    },
    identityHash: IDENTITY_HASH,
    write: { mode: "create" },
    reason: "there is no Secret",
  });
});

Deno.test("plan: a changed client or tenant mints at once; a Secret that tells none is left alone", () => {
  const bySpec = viewFederated({ clientID: CLIENT_ID.toUpperCase(), tenantID: TENANT_ID });
  const reasons = [
    federatedPlan(viewFederated(), IDENTITY_HASH, IDS),
    federatedPlan(viewFederated(), "another", IDS),
    federatedPlan(viewFederated(), undefined, IDS),
    federatedPlan(bySpec, IDENTITY_HASH),
    federatedPlan(bySpec, "another"),
  ].map(({ actions }) =>
    actions.map((action) => action.kind === "mint" ? action.reason : action.kind)
  );
  assert.deepEqual(reasons, [[], ["the identity changed"], [], [], ["the identity changed"]]);
});

Deno.test("plan: a binding that left federation behind is minted anew", () => {
  const secret = secretOf(V2, { identity: IDENTITY_HASH });
  const accounts = [account("default", [V2.secretName])];
  const { actions } = plan(snapshotOf(settled(V2), { secrets: [secret], accounts }), NOW);
  assert.deepEqual(actions.map(({ kind }) => kind), ["mint"]);
});

const REMEDY = "; set it, or set clientID and tenantID in spec.auth.workloadIdentity.";
const CLIENT_FAULT = 'client-id "me" is no GUID; give the identity\'s client ID, e.g. ' +
  "1b461305-28be-5271-beda-bd9fd2e24251.";
const TENANT_FAULT =
  'tenant-id "common" is not one tenant; give the tenant\'s GUID or a verified domain.';
const INCOMPLETE: readonly [what: string, ids: Partial<typeof IDS>, faults: readonly string[]][] = [
  ["no client ID", { tenantId: TENANT_ID }, [`client-id is missing${REMEDY}`]],
  ["no tenant ID", { clientId: CLIENT_ID }, [`tenant-id is missing${REMEDY}`]],
  ["a client ID that is none", { ...IDS, clientId: "me" }, [CLIENT_FAULT]],
  ["a tenant that is none", { ...IDS, tenantId: "common" }, [TENANT_FAULT]],
  ["neither", {}, [`client-id is missing${REMEDY}`, `tenant-id is missing${REMEDY}`]],
  ["a fault each", { clientId: "me", tenantId: "common" }, [CLIENT_FAULT, TENANT_FAULT]],
];

for (const [what, ids, faults] of INCOMPLETE) {
  Deno.test(`plan: an account whose annotations have ${what} is told of, and nothing is lost`, () => {
    const { actions, wakeAt } = federatedPlan(viewFederated(), IDENTITY_HASH, ids);
    const message = faults.map((fault) =>
      `service account "default": annotation azure.workload.identity/${fault}`
    ).join(" ");
    assert.deepEqual([actions, wakeAt], [[{
      kind: "writeStatus",
      status: {
        ...TIMES,
        error: message,
        observedGeneration: 1,
        conditions: [
          ready(V2, { reason: "ServiceAccountIncomplete", message: SERVES + message }),
        ],
      },
    }], LIFETIME.expiresAt]);
  });
}

Deno.test("plan: the federated account may be another than the target, and must be there", () => {
  const auth = { workloadIdentity: { serviceAccountRef: "puller" } };
  const binding = viewV2({ metadata: { finalizers: [] }, spec: { auth } });
  const missing = plan(snapshotOf(binding), NOW).actions.at(-1)!;
  assert.equal(
    missing.kind === "writeStatus" && missing.status.error,
    'service account "puller" not found; create it, or correct the name in the binding.',
  );
  const accounts = [account("default"), account("puller", [], IDS)];
  const { actions } = plan(snapshotOf(binding, { accounts }), NOW);
  assert.deepEqual(actions.at(-1), attach(binding.secretName));
});

Deno.test("plan: the inputs of an attempt change with all that may heal it, and with nothing else", () => {
  const base = snapshotOf(V1, ATTACHED);
  const federated = snapshotOf(viewFederated(), { accounts: [account("default", [], IDS)] });
  const inputs = (snapshot: Snapshot) => inputsOfAttempt(snapshot);
  const changes: readonly [what: string, Snapshot, Snapshot, same: boolean][] = [
    ["generation", base, snapshotOf({ ...V1, generation: 2 }, ATTACHED), false],
    [
      "the Secret's UID",
      base,
      snapshotOf(V1, { ...ATTACHED, secrets: [{ ...OURS, uid: "x" }] }),
      false,
    ],
    ["deletion", base, snapshotOf(DELETING, ATTACHED), false],
    ["the binding's UID", base, snapshotOf({ ...V1, uid: "uid-next" }, ATTACHED), false],
    [
      "the UID of one that is being deleted",
      snapshotOf(DELETING),
      snapshotOf({ ...DELETING, uid: "uid-next" }),
      false,
    ],
    [
      "annotations",
      federated,
      snapshotOf(viewFederated(), {
        accounts: [account("default", [], { ...IDS, tenantId: "contoso.example" })],
      }),
      false,
    ],
    ["status", base, snapshotOf(settled(V1), ATTACHED), true],
    [
      "the Secret's version",
      base,
      snapshotOf(V1, { ...ATTACHED, secrets: [{ ...OURS, resourceVersion: "99" }] }),
      false,
    ],
    ["references", base, snapshotOf(V1, { secrets: [OURS] }), true],
  ];
  assert.deepEqual(
    changes.map(([what, one, other]) => [what, inputs(one) === inputs(other)]),
    changes.map(([what, , , same]) => [what, same]),
  );
});

Deno.test("plan: it is pure: frozen snapshots give the same plan twice", () => {
  const snapshot = deepFreeze(snapshotOf(V1, { secrets: [OURS, OLD_NAME] }));
  assert.deepEqual(plan(snapshot, NOW), plan(snapshot, NOW));
});

function deepFreeze<T extends object>(object: T): T {
  for (const value of Object.values(object)) {
    if (typeof value === "object" && value !== null) deepFreeze(value);
  }
  return Object.freeze(object);
}
