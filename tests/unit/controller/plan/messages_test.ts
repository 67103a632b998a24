import assert from "node:assert/strict";
import { parse } from "yaml";
import { APIS } from "../../../../src/controller/binding/apis.ts";
import type { BindingView } from "../../../../src/controller/binding/view.ts";
import { LONGEST_WHOLE } from "../../../../src/runtime/masking/brief.ts";
import { bindingV1, bindingV2, NOW, SETTINGS, viewV2 } from "../builders.ts";
import { plan, type Snapshot } from "./planning.ts";
import { viewOfV1beta1, viewOfV1beta2 } from "../views.ts";

/** More than any CRD of the project admits; the reference's have no bound but the object's. */
const LONG = 300_000;
const TOKEN = `${btoa('{"alg":"RS256"}')}.${btoa('{"aud":"x"}')}.`;
const VALUES: readonly [what: string, value: string][] = [
  ["letters", "x".repeat(LONG)],
  ["backslashes", "\\".repeat(LONG)],
  ["control characters", "\u0001".repeat(LONG)],
  ["characters of four bytes", "\u{1f600}".repeat(LONG / 2)],
  ["beginnings of tokens", "eyJ".repeat(LONG / 3)],
  ["a token", TOKEN + "y".repeat(LONG)],
  ["slashes", "/".repeat(LONG)],
  ["dots", ".".repeat(LONG)],
];

const acr = { server: "a.azurecr.io", scope: "", environment: "PublicCloud" } as const;

/** Bindings with the value wherever a spec has room for one, and what the status must end in. */
const PLACES: readonly [place: string, view: (value: string) => BindingView, remedy: RegExp][] = [
  [
    "all of v1beta1",
    (value) =>
      viewOfV1beta1(
        bindingV1({
          spec: {
            acrServer: value,
            managedIdentityClientID: value,
            managedIdentityResourceID: value,
            serviceAccountName: value,
            scope: value,
          },
        }),
        SETTINGS,
      ),
    /give the identity's client ID, e\.g\. [-0-9a-f]{36}\.$/,
  ],
  [
    "the identity of v1beta1 by its resource ID",
    (value) =>
      viewOfV1beta1(
        bindingV1({
          spec: { managedIdentityClientID: "", managedIdentityResourceID: `/${value}` },
        }),
        SETTINGS,
      ),
    /userAssignedIdentities\/NAME\.$/,
  ],
  [
    "the account of v1beta1",
    (value) => viewOfV1beta1(bindingV1({ spec: { serviceAccountName: value } }), SETTINGS),
    /create it, or correct the name in the binding\.$/,
  ],
  [
    "all of v1beta2 with an air-gapped cloud",
    (value) => {
      const cloudConfig = { entraAuthorityHost: value, resourceManagerAudience: value };
      return viewV2({
        spec: {
          acr: { server: value, scope: value, environment: "AirgappedCloud", cloudConfig },
          auth: {
            workloadIdentity: { serviceAccountRef: value, clientID: value, tenantID: value },
          },
          serviceAccountName: value,
        },
      });
    },
    /give the tenant's GUID or a verified domain\.$/,
  ],
  [
    "the cloud of v1beta2",
    (value) =>
      viewOfV1beta2(
        bindingV2({ spec: { acr: { ...acr, environment: value as "PublicCloud" } } }),
        SETTINGS,
      ),
    /give one of .* or AirgappedCloud\.$/,
  ],
  [
    "the federated account of v1beta2",
    (value) => viewV2({ spec: { acr, auth: { workloadIdentity: { serviceAccountRef: value } } } }),
    /create it, or correct the name in the binding\.$/,
  ],
];

const sizeOf = (text: string) => new TextEncoder().encode(text).length;

function statusOf(binding: BindingView, change: Partial<Snapshot> = {}) {
  const rules = APIS.named(binding.api);
  const known = { binding, rules, serviceAccounts: new Map(), secrets: [] };
  const snapshot: Snapshot = { ...known, keepsConditions: true };
  const { actions } = plan({ ...snapshot, ...change }, NOW);
  const told = actions.flatMap((action) => action.kind === "writeStatus" ? [action.status] : []);
  assert.equal(told.length, 1);
  return told[0]!;
}

for (const [place, view, remedy] of PLACES) {
  for (const [what, value] of VALUES) {
    Deno.test(`messages: ${place} may be ${what}, and the status is short and ends in a remedy`, () => {
      const { error, conditions } = statusOf(view(value));
      const texts = [error!, ...conditions!.map(({ message }) => message)];
      for (const text of texts) {
        assert.ok(sizeOf(text) <= LONGEST_WHOLE, `${sizeOf(text)} bytes`);
        assert.match(text, remedy);
        assert.ok(!text.includes(TOKEN.slice(0, 20)));
        assert.ok(text.isWellFormed());
      }
    });
  }
}

Deno.test("messages: the owner of a Secret whose name is taken is told cut, in quotes and escaped", () => {
  const binding = viewV2();
  const owner = { apiVersion: "v\n".repeat(LONG), name: "n\n".repeat(LONG), uid: "other" };
  const secret = {
    name: binding.secretName,
    uid: "s",
    resourceVersion: "1",
    label: binding.label,
    owner,
    ownedByOthers: false,
    dataIsOurs: true,
  };
  const account = { name: "default", uid: "a", pullSecrets: [] };
  const { error } = statusOf(binding, {
    secrets: [secret],
    serviceAccounts: new Map([["default", account]]),
  });
  assert.ok(sizeOf(error!) < 1024);
  assert.ok(error!.includes('AcrPullBinding "n\\nn') && !error!.includes("\n"), error);
  assert.match(error!, /; delete it, or give this binding another name\.$/);
});

Deno.test("messages: the project's CRDs have room for whatever is told", async () => {
  for (const group of ["msi-acrpull.microsoft.com", "acrpull.microsoft.com"]) {
    const path = `../../../../deploy/crds/${group}_acrpullbindings.yaml`;
    const crd = parse(await Deno.readTextFile(new URL(path, import.meta.url)));
    for (const { schema } of crd.spec.versions) {
      const { error, conditions } = schema.openAPIV3Schema.properties.status.properties;
      const bounds = [error, conditions.items.properties.message].map(({ maxLength }) => maxLength);
      for (const bound of bounds) assert.ok((bound ?? Infinity) >= LONGEST_WHOLE, `${bound}`);
    }
  }
});
