import assert from "node:assert/strict";
import { dockerConfig } from "../../../../src/azure/docker_config.ts";
import {
  adoptSecret,
  askToReplace,
  deleteSecret,
  writeCredential,
  writtenBy,
} from "../../../../src/controller/execute/secret_writer.ts";
import type { MintAction, SecretWrite } from "../../../../src/controller/plan/actions.ts";
import { secrets } from "../../../../src/kubernetes/resources/built_in.ts";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import { Redacted } from "../../../../src/runtime/masking/redacted.ts";
import { type Exchange, ScriptedRest } from "../../kubernetes/scripted_rest.ts";
import { CLIENT_ID, HOUR, NOW, secretOf, SERVER, time, viewV1 } from "../builders.ts";

const { signal } = new AbortController();
const BINDING = viewV1();
const SECRET = secretOf(BINDING);
const NAME = BINDING.secretName;
const PATH = "/api/v1/namespaces/team-a/secrets";
const METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const CREDENTIAL = { password: new Redacted("t.o.k"), mintedAt: NOW + 999, expiresAt: NOW + HOUR };
const DATA = {
  ".dockerconfigjson": btoa(dockerConfig(SERVER, CREDENTIAL.password).reveal()),
};
const ANNOTATIONS = {
  "acr.microsoft.com/token.expiry": time(NOW + HOUR),
  "acr.microsoft.com/token.refresh": time(NOW),
  "acr.microsoft.com/token.inputs": BINDING.inputsHash,
};
const LABELS = { "acr.microsoft.com/binding": "pull" };
const ANSWER = {
  kind: "PartialObjectMetadata",
  metadata: { name: NAME, namespace: "team-a", uid: "u", resourceVersion: "21" },
};
const WHOLE = { ...ANSWER, kind: "Secret", type: "kubernetes.io/dockerconfigjson", data: DATA };
const NOT_FOUND = new ApiError({ code: 404, reason: "NotFound", message: "gone" });
const taken = (name: string) =>
  new ApiError({
    code: 409,
    reason: "AlreadyExists",
    message: "there",
    details: { name, kind: "secrets", causes: [] },
  });
const CONFLICT = new ApiError({ code: 409, reason: "Conflict", message: "changed" });

const mint = (write: SecretWrite, identityHash?: string): MintAction => ({
  kind: "mint",
  request: {
    identity: { kind: "managedIdentity", clientId: CLIENT_ID },
    audience: "https://management.azure.com/",
    server: SERVER,
    scope: "",
  },
  write,
  reason: "a test",
  ...(identityHash === undefined ? {} : { identityHash }),
});

function clientOf(...script: Exchange[]) {
  const rest = new ScriptedRest(...script);
  const whole = secrets(rest, { fieldManager: "msi-acrpull-deno" });
  return { whole, client: whole.metadataOnly(), [Symbol.dispose]: () => rest[Symbol.dispose]() };
}

function creation(
  annotations: Record<string, string>,
  answer: Exchange["answer"],
  { query = "fieldManager=msi-acrpull-deno", ...accept }: { query?: string; accept?: string } = {},
): Exchange {
  return {
    request: {
      method: "POST",
      path: PATH,
      query,
      ...accept,
      body: {
        apiVersion: "v1",
        kind: "Secret",
        type: "kubernetes.io/dockerconfigjson",
        metadata: {
          name: NAME,
          namespace: "team-a",
          labels: LABELS,
          annotations,
          ownerReferences: [{
            apiVersion: "msi-acrpull.microsoft.com/v1beta1",
            kind: "AcrPullBinding",
            name: "pull",
            uid: "uid-v1",
            controller: true,
            blockOwnerDeletion: true,
          }],
        },
        data: DATA,
      },
    },
    answer: answer!,
  };
}

function change(
  body: unknown,
  answer: Exchange["answer"] = WHOLE,
  accept: { accept?: string } = {},
): Exchange {
  return {
    request: {
      method: "PATCH",
      path: `${PATH}/${NAME}`,
      query: "fieldManager=msi-acrpull-deno",
      ...accept,
      contentType: "application/merge-patch+json",
      body,
    },
    answer: answer!,
  };
}

function deletion(answer: Exchange["answer"], more: object = {}): Exchange {
  return {
    request: {
      method: "DELETE",
      path: `${PATH}/${NAME}`,
      accept: METADATA_ONLY,
      body: {
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions: { uid: SECRET.uid, resourceVersion: "20" },
        ...more,
      },
    },
    answer: answer!,
  };
}

const STATUS = { kind: "Status", status: "Success" };

Deno.test("secret writer: a new Secret has type, label, owner and annotations, and comes back whole", async () => {
  using rig = clientOf(creation(ANNOTATIONS, WHOLE));
  const action = mint({ mode: "create" });
  assert.deepEqual(await writeCredential(rig.whole, BINDING, action, CREDENTIAL, signal), WHOLE);
});

Deno.test("secret writer: a federated credential's Secret tells its identity", async () => {
  using rig = clientOf(
    creation({ ...ANNOTATIONS, "acr.microsoft.com/token.identity": "hash" }, WHOLE),
  );
  await writeCredential(rig.whole, BINDING, mint({ mode: "create" }, "hash"), CREDENTIAL, signal);
});

Deno.test("secret writer: a refresh changes the very version that was decided on, and owner and type not", async () => {
  const update = { mode: "update", secret: SECRET } as const;
  using rig = clientOf(
    change({
      metadata: {
        uid: SECRET.uid,
        resourceVersion: "20",
        labels: LABELS,
        annotations: { ...ANNOTATIONS, "acr.microsoft.com/token.identity": null },
      },
      data: DATA,
    }),
    change({
      metadata: {
        uid: SECRET.uid,
        resourceVersion: "20",
        labels: LABELS,
        annotations: { ...ANNOTATIONS, "acr.microsoft.com/token.identity": "hash" },
      },
      data: DATA,
    }),
  );
  await writeCredential(rig.whole, BINDING, mint(update), CREDENTIAL, signal);
  await writeCredential(rig.whole, BINDING, mint(update, "hash"), CREDENTIAL, signal);
});

Deno.test("secret writer: how much a credential lacks is told, and of its successor no more", async () => {
  const partly = { ...SECRET, lacking: "2" };
  const annotations = { ...ANNOTATIONS, "acr.microsoft.com/token.identity": null };
  const metadata = { uid: SECRET.uid, resourceVersion: "20", labels: LABELS };
  const lacking = (value: string | null) => ({
    metadata: {
      ...metadata,
      annotations: { ...annotations, "acr.microsoft.com/token.lacking": value },
    },
    data: DATA,
  });
  using rig = clientOf(
    creation({ ...ANNOTATIONS, "acr.microsoft.com/token.lacking": "1" }, WHOLE),
    change(lacking("1")),
    change(lacking(null)),
  );
  const less = { ...CREDENTIAL, lacking: ["repository:a:pull"] };
  await writeCredential(rig.whole, BINDING, mint({ mode: "create" }), less, signal);
  const update = mint({ mode: "update", secret: partly });
  await writeCredential(rig.whole, BINDING, update, less, signal);
  await writeCredential(rig.whole, BINDING, update, CREDENTIAL, signal);
  const told = writtenBy(BINDING, update, less).annotations;
  assert.equal(told["acr.microsoft.com/token.lacking"], "1");
});

const REPLACE = mint({ mode: "replace", secret: SECRET, serves: true });
const DRY = { dryRun: ["All"] };
const ASKED = { accept: METADATA_ONLY, query: "fieldManager=msi-acrpull-deno&dryRun=All" };
const ask = (client: ReturnType<typeof clientOf>["client"]) =>
  askToReplace(client, BINDING, REPLACE, CREDENTIAL, SECRET, signal);

Deno.test("secret writer: what replaces another is written as what is new", async () => {
  using rig = clientOf(creation(ANNOTATIONS, WHOLE));
  await writeCredential(rig.whole, BINDING, REPLACE, CREDENTIAL, signal);
});

Deno.test("secret writer: a replacement is asked for by both its requests, and nothing is changed", async () => {
  using rig = clientOf(deletion(STATUS, DRY), creation(ANNOTATIONS, taken(NAME), ASKED));
  await ask(rig.client);
});

Deno.test("secret writer: it may be asked for though the name is free by then", async () => {
  // What would be created has no resourceVersion.
  const { resourceVersion: _, ...metadata } = ANSWER.metadata;
  const answer = { ...ANSWER, metadata };
  using rig = clientOf(deletion(STATUS, DRY), creation(ANNOTATIONS, answer, ASKED));
  await ask(rig.client);
});

const FORBIDDEN = new ApiError({ code: 403, reason: "Forbidden", message: "exceeded quota" });

Deno.test("secret writer: what may not be deleted is not asked to be made anew", async () => {
  using rig = clientOf(deletion(FORBIDDEN, DRY));
  await assert.rejects(ask(rig.client), FORBIDDEN);
});

Deno.test("secret writer: a successor that would be refused is refused when it is asked for", async () => {
  const webhooks = ApiError.fromStatus({
    code: 409,
    reason: "AlreadyExists",
    message: 'admission webhook "w.example.com" denied the request: not twice',
    details: { name: NAME, kind: "secrets" },
  });
  for (const refusal of [FORBIDDEN, webhooks, taken("another")]) {
    using rig = clientOf(deletion(STATUS, DRY), creation(ANNOTATIONS, refusal, ASKED));
    await assert.rejects(ask(rig.client), refusal);
  }
});

Deno.test("secret writer: one that has changed is not asked to be replaced", async () => {
  using rig = clientOf(deletion(CONFLICT, DRY));
  await assert.rejects(ask(rig.client), CONFLICT);
});

Deno.test("secret writer: what was written is told apart from what came back", () => {
  const wanted = (write: SecretWrite, hash?: string) =>
    writtenBy(BINDING, mint(write, hash), CREDENTIAL);
  const { data, ...created } = wanted({ mode: "create" });
  assert.deepEqual(created, {
    labels: LABELS,
    annotations: {
      "acr.microsoft.com/token.identity": null,
      "acr.microsoft.com/token.lacking": null,
      ...ANNOTATIONS,
    },
    owner: "uid-v1",
  });
  assert.equal(data!.reveal(), DATA[".dockerconfigjson"]);
  assert.equal(JSON.stringify(data), '"[redacted]"');
  const updated = wanted({ mode: "update", secret: SECRET }, "hash");
  assert.equal(updated.owner, undefined, "an update names no owner");
  assert.equal(updated.annotations["acr.microsoft.com/token.identity"], "hash");
});

Deno.test("secret writer: adoption puts label and annotations right and touches nothing else", async () => {
  const metadata = {
    uid: SECRET.uid,
    resourceVersion: "20",
    labels: LABELS,
    annotations: ANNOTATIONS,
  };
  using rig = clientOf(change({ metadata }, ANSWER));
  const action = {
    kind: "adoptSecret",
    secret: SECRET,
    labels: LABELS,
    annotations: ANNOTATIONS,
  } as const;
  await adoptSecret(rig.whole, "team-a", action, signal);
});

Deno.test("secret writer: a deletion does not mind that the Secret is gone, and tells of finalizers", async () => {
  const waiting = { ...ANSWER, metadata: { ...ANSWER.metadata, deletionTimestamp: time(NOW) } };
  using rig = clientOf(deletion(STATUS), deletion(NOT_FOUND), deletion(waiting));
  for (const left of [undefined, undefined, waiting]) {
    assert.deepEqual(await deleteSecret(rig.client, "team-a", SECRET, signal), left);
  }
});

Deno.test("secret writer: a deletion of what has changed is refused", async () => {
  using rig = clientOf(deletion(CONFLICT));
  await assert.rejects(deleteSecret(rig.client, "team-a", SECRET, signal), CONFLICT);
});
