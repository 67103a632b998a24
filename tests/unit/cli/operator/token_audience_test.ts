import assert from "node:assert/strict";
import { refuseOwnAudience } from "../../../../src/cli/operator/token_audience.ts";
import { faultOfTokenAudience } from "../../../../src/cli/flags/token_audience.ts";
import type { CredentialsProvider } from "../../../../src/kubernetes/config/types.ts";
import { Redacted } from "../../../../src/runtime/masking/redacted.ts";

const AUDIENCE = "api://AzureCRTokenExchange";

const FIT = [
  AUDIENCE,
  "https://registry.example",
  "https://kubernetes.example",
  "kubernetes-federation",
  "api://kubernetes.default.svc",
];

for (const audience of FIT) {
  Deno.test(`tokens may be for ${audience}`, () => {
    assert.equal(faultOfTokenAudience(audience), undefined);
  });
}

const API_SERVER = [
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "https://kubernetes.default.svc",
  "https://kubernetes.default.svc/",
  "https://kubernetes.default.svc:443",
  "https://kubernetes.default.svc.cluster.local",
  "HTTPS://Kubernetes.Default.Svc.cluster.example",
];

for (const audience of API_SERVER) {
  Deno.test(`tokens may not be for the API server by its name ${audience}`, () => {
    assert.match(faultOfTokenAudience(audience)!, /^is the API server's own audience: .*\.$/);
  });
}

function bearer(aud: unknown): CredentialsProvider {
  const part = (claims: unknown) =>
    new TextEncoder().encode(JSON.stringify(claims)).toBase64({ alphabet: "base64url" });
  const authorization = new Redacted(`Bearer ${part({ alg: "RS256" })}.${part({ aud })}.AAAA`);
  return { get: () => Promise.resolve({ authorization }), invalidate: () => {} };
}

const OWN: readonly [string, unknown, boolean][] = [
  ["a list with it", ["https://cluster.example", AUDIENCE], true],
  ["it alone", AUDIENCE, true],
  ["others", ["https://cluster.example", "k3s"], false],
  ["none", undefined, false],
];

for (const [name, aud, refused] of OWN) {
  Deno.test(`an audience is compared with those of the pod's token: ${name}`, async () => {
    const credentials = bearer(aud);
    const checked = refuseOwnAudience({ inCluster: true, credentials }, AUDIENCE);
    if (!refused) return await checked;
    await assert.rejects(checked, {
      name: "ConfigError",
      message: `--service-account-token-audience="${AUDIENCE}" is the API server's own audience, ` +
        "as the operator's own token has it: with a token for it, whoever reads it is that " +
        "service account in the cluster; write the audience that the federated credentials list.",
    });
  });
}

Deno.test("outside a cluster a kubeconfig's token tells nothing of audiences", async () => {
  await refuseOwnAudience({ inCluster: false, credentials: bearer(AUDIENCE) }, AUDIENCE);
});
