import assert from "node:assert/strict";
import type { ControlPlane } from "./servers/control_plane.ts";
import { deployTo } from "./servers/deploy_task.ts";
import { e2e } from "./servers/gate.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";
import { createAsAdmin } from "./servers/policies.ts";
import {
  airgapped,
  CLIENT_ID,
  list,
  LISTS,
  notListed,
  once,
  OTHER_ID,
  tryToCreate,
  v1,
  v2,
} from "./servers/tenant_bindings.ts";

const GROUP = "/subscriptions/712288dc-f816-4242-b73f-a0a87265dcc8/resourceGroups";
const PROVIDER = "providers/Microsoft.ManagedIdentity/userAssignedIdentities";
const IDENTITY = `${GROUP}/sky-k/${PROVIDER}/mine`;

/** With letters that Unicode has more than once: in small letters U+212A is a k, U+017F counts as s. */
const OWN = {
  ...LISTS,
  registries: "kiosk.azurecr.io default",
  identities: `${CLIENT_ID} workload-identity default ${IDENTITY}`,
};

const CLIENT = "spec.managedIdentityClientID";
const RESOURCE = "spec.managedIdentityResourceID";

function byResource(managedIdentityResourceID: string) {
  return own({ managedIdentityClientID: "", managedIdentityResourceID });
}

function own(spec: Record<string, unknown> = {}) {
  return v1({ acrServer: "kiosk.azurecr.io", ...spec });
}

function own2(auth?: unknown) {
  return v2({ server: "kiosk.azurecr.io" }, auth);
}

interface Near {
  readonly field: string;
  readonly list: "registries" | "identities";
  readonly binding: (value: string) => unknown;
  /** Values of the field, each of which comes near to what is listed. */
  readonly values: readonly string[];
}

const NEAR: readonly Near[] = [
  {
    field: "spec.acrServer",
    list: "registries",
    binding: (acrServer) => own({ acrServer }),
    values: [
      "kiosk.azurecr.io.",
      "kiosk.azurecr.io:443",
      "x@kiosk.azurecr.io",
      " kiosk.azurecr.io",
      "\u212aiosk.azurecr.io",
      "kio\u017fk.azurecr.io",
    ],
  },
  {
    field: RESOURCE,
    list: "identities",
    binding: byResource,
    values: [
      `${GROUP}/other/../sky-k/${PROVIDER}/mine`,
      `${GROUP}//sky-k/${PROVIDER}/mine`,
      `${GROUP}/./sky-k/${PROVIDER}/mine`,
      `${IDENTITY}/`,
      `${IDENTITY}/../theirs`,
      IDENTITY.replace("sky", "\u017fky"),
      IDENTITY.replace("-k", "-\u212a"),
      IDENTITY.slice(1),
    ],
  },
  {
    field: "spec.auth.managedIdentity.resourceID",
    list: "identities",
    binding: (resourceID) => own2({ managedIdentity: { resourceID } }),
    values: [`${IDENTITY}/../theirs`, `${IDENTITY}/`, IDENTITY.replace("-k", "-\u212a")],
  },
  {
    field: CLIENT,
    list: "identities",
    binding: (managedIdentityClientID) => own({ managedIdentityClientID }),
    values: [` ${CLIENT_ID}`, `${CLIENT_ID} `, `{${CLIENT_ID}}`, " "],
  },
  {
    field: "spec.auth.managedIdentity.clientID",
    list: "identities",
    binding: (clientID) => own2({ managedIdentity: { clientID } }),
    values: [` ${CLIENT_ID}`, `{${CLIENT_ID}}`],
  },
  {
    field: CLIENT,
    list: "identities",
    binding: (managedIdentityClientID) =>
      own({ managedIdentityClientID, managedIdentityResourceID: IDENTITY }),
    values: [OTHER_ID],
  },
];

/** One field of a binding that was allowed, put to what is not listed. */
const CHANGES: readonly [string, Record<string, unknown>, RegExp][] = [
  ["the registry", { acrServer: "other.azurecr.io" }, /in spec\.acrServer/],
  ["the client ID", { managedIdentityClientID: OTHER_ID }, /in spec\.managedIdentityClientID/],
  [
    "the resource ID alone",
    { managedIdentityResourceID: `${IDENTITY}2` },
    /in spec\.managedIdentityResourceID/,
  ],
  ["the scope", { scope: "repository:team-b/app:pull" }, /in spec\.scope/],
  ["the scope left out", { scope: null }, /may not name "\*" in spec\.scope/],
];

async function begin(plane: ControlPlane): Promise<string> {
  const { code, stderr } = await deployTo(plane, ["--apply", "--tenant-policy"]);
  assert.equal(code, 0, stderr);
  const namespace = await plane.createNamespace();
  await list(plane, namespace, OWN);
  await once("the list counts", () => tryToCreate(plane, namespace, own()));
  return namespace;
}

e2e("tenants: what comes near to a listed name is another name", async (plane) => {
  const namespace = await begin(plane);
  assert.equal((await tryToCreate(plane, namespace, byResource(IDENTITY))).stderr, "");
  for (const { field, list, binding, values } of NEAR) {
    for (const value of values) {
      const { stderr } = await tryToCreate(plane, namespace, binding(value));
      assert.match(stderr, notListed(namespace, value, field, list), `${field}: ${value}`);
    }
  }
});

e2e("tenants: a change of one field is judged as the whole binding", async (plane) => {
  const namespace = await begin(plane);
  const binding = "acrpullbinding.msi-acrpull.microsoft.com/pull";
  await createAsAdmin(plane, namespace, own());
  for (const [name, spec, refusal] of CHANGES) {
    const patch = ["--type=merge", "-p", JSON.stringify({ spec })];
    const { stderr } = await kubectl(plane, ["patch", "-n", namespace, binding, ...patch]);
    assert.match(stderr, refusal, name);
    const stdin = JSON.stringify({ ...own(), spec });
    if (spec.scope === null) continue;
    const apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=tenant"];
    const applied = await kubectl(plane, [...apply, "-n", namespace, "-f", "-"], { stdin });
    assert.match(applied.stderr, refusal, `${name}, applied`);
  }
});

e2e("tenants: no subresource is a way to another spec", async (plane) => {
  const namespace = await begin(plane);
  await createAsAdmin(plane, namespace, own());
  await createAsAdmin(plane, namespace, own2());
  const spec = { acrServer: "other.azurecr.io", serviceAccountName: "other" };
  const body = ["--type=merge", "-p", JSON.stringify({ spec, status: { error: "by a tenant" } })];
  for (const group of ["msi-acrpull.microsoft.com", "acrpull.microsoft.com"]) {
    const binding = `acrpullbinding.${group}/pull`;
    const read = async () =>
      JSON.parse(await kubectlOk(plane, ["get", "-n", namespace, binding, "-o=json"]));
    const before = await read();
    const patch = ["patch", "-n", namespace, binding, "--subresource=status", ...body];
    assert.equal((await kubectl(plane, patch)).code, 0);
    const after = await read();
    assert.deepEqual(after.spec, before.spec);
    assert.equal(after.metadata.generation, before.metadata.generation);
    assert.equal(after.status.error, "by a tenant");
    const scaled = await kubectl(plane, ["scale", "-n", namespace, binding, "--replicas=1"]);
    assert.match(scaled.stderr, /NotFound/);
  }
});

e2e("tenants: an air-gapped cloud by an update alone is judged as any", async (plane) => {
  const namespace = await begin(plane);
  await createAsAdmin(plane, namespace, own2());
  const { spec } = airgapped({ entraAuthorityHost: "thief.example" });
  const { environment, cloudConfig } = spec.acr as Record<string, unknown>;
  const patch = JSON.stringify({ spec: { acr: { environment, cloudConfig } } });
  const binding = "acrpullbinding.acrpull.microsoft.com/pull";
  const args = ["patch", "-n", namespace, binding, "--type=merge", "-p", patch];
  const field = "spec.acr.cloudConfig.entraAuthorityHost";
  assert.match(
    (await kubectl(plane, args)).stderr,
    notListed(namespace, "thief.example", field, "entraAuthorityHosts"),
  );
});

e2e(
  "tenants: what v1beta1 does not know stands for nothing, where a CRD keeps it",
  async (plane) => {
    const namespace = await begin(plane);
    const path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec" +
      "/x-kubernetes-preserve-unknown-fields";
    const patch = JSON.stringify([{ op: "add", path, value: true }]);
    const crd = "crd/acrpullbindings.msi-acrpull.microsoft.com";
    await kubectlOk(plane, ["patch", crd, "--type=json", "-p", patch]);
    const federated = { workloadIdentity: { serviceAccountRef: "default" } };
    const kept = own({ auth: federated, acr: { scope: "repository:team-a/app:pull" } });
    await once("unknown fields are kept", async () => {
      const args = ["create", "--dry-run=server", "-n", namespace, "-o=json", "-f", "-"];
      const result = await kubectl(plane, args, { stdin: JSON.stringify(kept) });
      return { ...result, code: result.stdout.includes("workloadIdentity") ? 0 : 1 };
    });
    const other = { ...kept, spec: { ...kept.spec, managedIdentityClientID: OTHER_ID } };
    assert.match(
      (await tryToCreate(plane, namespace, other)).stderr,
      notListed(namespace, OTHER_ID, CLIENT, "identities"),
    );
  },
);
