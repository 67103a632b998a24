import assert from "node:assert/strict";
import { dockerConfig } from "../../../../src/controller/docker_config.ts";
import {
  adoptSecret,
  deleteSecret,
  writeCredential,
} from "../../../../src/controller/execute/secret_writer.ts";
import type { MintAction, SecretWrite } from "../../../../src/controller/plan/actions.ts";
import { secrets } from "../../../../src/kubernetes/core.ts";
import { ApiError } from "../../../../src/kubernetes/errors.ts";
import { Redacted } from "../../../../src/runtime/redacted.ts";
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
const NOT_FOUND = new ApiError({ code: 404, reason: "NotFound", message: "gone" });
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
  const client = secrets(rest, { fieldManager: "msi-acrpull-deno" }).metadataOnly();
  return { client, [Symbol.dispose]: () => rest[Symbol.dispose]() };
}

function creation(annotations: Record<string, string>, answer: Exchange["answer"]): Exchange {
  return {
    request: {
      method: "POST",
      path: PATH,
      query: "fieldManager=msi-acrpull-deno",
      accept: METADATA_ONLY,
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

function change(body: unknown, answer: Exchange["answer"] = ANSWER): Exchange {
  return {
    request: {
      method: "PATCH",
      path: `${PATH}/${NAME}`,
      query: "fieldManager=msi-acrpull-deno",
      accept: METADATA_ONLY,
      contentType: "application/merge-patch+json",
      body,
    },
    answer: answer!,
  };
}

function deletion(answer: Exchange["answer"]): Exchange {
  return {
    request: {
      method: "DELETE",
      path: `${PATH}/${NAME}`,
      accept: METADATA_ONLY,
      body: {
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions: { uid: SECRET.uid, resourceVersion: "20" },
      },
    },
    answer: answer!,
  };
}

const STATUS = { kind: "Status", status: "Success" };

Deno.test("secret writer: a new Secret has type, label, owner and annotations, and no data come back", async () => {
  using rig = clientOf(creation(ANNOTATIONS, ANSWER));
  const action = mint({ mode: "create" });
  assert.deepEqual(await writeCredential(rig.client, BINDING, action, CREDENTIAL, signal), ANSWER);
});

Deno.test("secret writer: a federated credential's Secret tells its identity", async () => {
  using rig = clientOf(
    creation({ ...ANNOTATIONS, "acr.microsoft.com/token.identity": "hash" }, ANSWER),
  );
  await writeCredential(rig.client, BINDING, mint({ mode: "create" }, "hash"), CREDENTIAL, signal);
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
  await writeCredential(rig.client, BINDING, mint(update), CREDENTIAL, signal);
  await writeCredential(rig.client, BINDING, mint(update, "hash"), CREDENTIAL, signal);
});

Deno.test("secret writer: a replacement deletes the very version that was decided on, then creates", async () => {
  using rig = clientOf(deletion(STATUS), creation(ANNOTATIONS, ANSWER));
  const action = mint({ mode: "replace", secret: SECRET });
  await writeCredential(rig.client, BINDING, action, CREDENTIAL, signal);
});

Deno.test("secret writer: a replacement does not mind that the old one is gone", async () => {
  using rig = clientOf(deletion(NOT_FOUND), creation(ANNOTATIONS, ANSWER));
  const action = mint({ mode: "replace", secret: SECRET });
  await writeCredential(rig.client, BINDING, action, CREDENTIAL, signal);
});

Deno.test("secret writer: a replacement creates nothing where the old one has changed", async () => {
  using rig = clientOf(deletion(CONFLICT));
  const action = mint({ mode: "replace", secret: SECRET });
  const outcome = writeCredential(rig.client, BINDING, action, CREDENTIAL, signal);
  await assert.rejects(outcome, CONFLICT);
});

Deno.test("secret writer: adoption puts label and annotations right and touches nothing else", async () => {
  const metadata = {
    uid: SECRET.uid,
    resourceVersion: "20",
    labels: LABELS,
    annotations: ANNOTATIONS,
  };
  using rig = clientOf(change({ metadata }));
  const action = {
    kind: "adoptSecret",
    secret: SECRET,
    labels: LABELS,
    annotations: ANNOTATIONS,
  } as const;
  await adoptSecret(rig.client, "team-a", action, signal);
});

Deno.test("secret writer: a deletion minds neither that the Secret is gone nor its finalizers", async () => {
  const waiting = { ...ANSWER, metadata: { ...ANSWER.metadata, deletionTimestamp: time(NOW) } };
  using rig = clientOf(deletion(STATUS), deletion(NOT_FOUND), deletion(waiting));
  for (let n = 0; n < 3; n++) await deleteSecret(rig.client, "team-a", SECRET, signal);
});

Deno.test("secret writer: a deletion of what has changed is refused", async () => {
  using rig = clientOf(deletion(CONFLICT));
  await assert.rejects(deleteSecret(rig.client, "team-a", SECRET, signal), CONFLICT);
});
