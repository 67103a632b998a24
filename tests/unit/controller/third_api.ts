import { V1BETA1_AUDIENCE } from "../../../src/azure/clouds.ts";
import type { BindingApi } from "../../../src/controller/binding/api.ts";
import { hash, labelValue } from "../../../src/controller/names.ts";
import { HOUR } from "./builders.ts";

/** A spec that is like neither of those that there are. */
interface Spec {
  readonly registry: string;
  readonly client: string;
  readonly account: string;
}

const PREFIX = "third-";

const definition = {
  group: "third.example.com",
  version: "v3",
  plural: "acrpullbindings",
  kind: "AcrPullBinding",
  namespaced: true,
} as const;

/** An API that nobody has, in the one file that a further API takes. */
export const THIRD: BindingApi<Spec> = {
  name: "v3",
  apiVersion: `${definition.group}/${definition.version}`,
  definition,
  maxLengths: { "spec.registry": 253, "spec.client": 253, "spec.account": 253 },
  isLabelFixed: false,
  isSecretName: (name) => name.startsWith(PREFIX),
  secretName: (binding) => `${PREFIX}${binding}`,
  accountsOf: ({ spec }) => [spec!.account],
  asked: ({ metadata, spec }) => {
    const { registry, client, account } = spec!;
    return {
      target: account,
      secretName: `${PREFIX}${metadata.name}`,
      label: labelValue(metadata.name),
      inputsHash: hash(`${registry}/${client}`),
      credential: {
        kind: "managedIdentity",
        identity: { kind: "managedIdentity", clientId: client },
        audience: V1BETA1_AUDIENCE,
        server: registry,
        scope: "",
      },
      rotation: { kind: "beforeExpiry", marginMs: HOUR / 2 },
    };
  },
};

const ANY = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

/** Its CRD. */
export const THIRD_CRD = JSON.stringify({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${definition.plural}.${definition.group}` },
  spec: {
    group: definition.group,
    scope: "Namespaced",
    names: { kind: definition.kind, plural: definition.plural, singular: "acrpullbinding" },
    versions: [{
      name: definition.version,
      served: true,
      storage: true,
      subresources: { status: {} },
      schema: { openAPIV3Schema: { type: "object", properties: { spec: ANY, status: ANY } } },
    }],
  },
});
