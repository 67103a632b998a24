import type { GoldenFinal, GoldenState } from "../data/golden.ts";
import { ACR_AUDIENCE } from "../sandbox/azure/clouds.ts";
import { referenceHash, referenceSecretName } from "./reference_rules.ts";

type GoldenSecret = GoldenFinal["secrets"][string];

/** A recorded state in which the reference got stuck, and where the operator goes on from there. */
interface GoldenException {
  /** What the reference does, and what is wrong with it. */
  readonly why: string;
  readonly amend: (recorded: GoldenFinal) => GoldenFinal;
}

const EXCEPTIONS: Readonly<Record<string, GoldenException>> = {
  "v2-sa-moved": {
    // Its ServiceAccount events lead to bindings by the target they name now, so that its own
    // detaching from the old account wakes nobody. The recording shows it asleep half-way: the
    // annotation is still the hash for the old account, and the new one has no credential.
    why: "the reference sleeps between detaching and attaching, until its caches are resynced",
    amend: (recorded) => ({
      ...recorded,
      secrets: mapValues(recorded.secrets, (secret) => ({
        ...secret,
        annotations: {
          ...secret.annotations,
          "acr.microsoft.com/token.inputs": referenceHash(
            "twomanagedIdentity1b461305-28be-5271-beda-bd9fd2e24251" +
              "PublicCloudbench.azurecr.iorepository:app:pull",
          ),
        },
      })),
      serviceAccounts: { default: [], two: ["acr-pull-pull"] },
    }),
  },
  "v2-long-name": {
    // It puts the whole name into the label, whose values end at 63 characters. The API server
    // refuses the Secret, and no status tells of it.
    why: "the reference can make no Secret for a name of more than 63 characters",
    amend: (recorded) => {
      const name = "a".repeat(240);
      const secret = referenceSecretName("v1beta2", name);
      const inputs = referenceHash(
        "defaultmanagedIdentity1b461305-28be-5271-beda-bd9fd2e24251" +
          "PublicCloudbench.azurecr.iorepository:app:pull",
      );
      return {
        bindings: mapValues(
          recorded.bindings,
          (binding) => ({ ...binding, refreshed: true, expires: true }),
        ),
        secrets: { [secret]: secretOf(name, inputs) },
        serviceAccounts: { default: [secret] },
      };
    },
  },
};

/**
 * The state that `recorded` must end in. Registries are shown tokens for their own audience, with
 * which the reference's for Azure Resource Manager open no more than they must.
 */
export function expectedFinal({ name, final }: GoldenState): GoldenFinal {
  const amended = EXCEPTIONS[name]?.amend(final) ?? final;
  return { ...amended, secrets: mapValues(amended.secrets, withOwnAudience) };
}

function withOwnAudience(secret: GoldenSecret): GoldenSecret {
  const auths = mapValues(secret.auths, (auth) => ({
    ...auth,
    token: { ...auth.token, arm: ACR_AUDIENCE },
  }));
  return { ...secret, auths };
}

/** To be added to a test's name: why it does not end in the recorded state. */
export function exceptionOf(name: string): string {
  const exception = EXCEPTIONS[name];
  return exception === undefined ? "" : `, but goes on: ${exception.why}`;
}

function secretOf(binding: string, inputs: string): GoldenSecret {
  const label = `${binding.substring(0, 52)}-${referenceHash(binding).substring(0, 10)}`;
  return {
    type: "kubernetes.io/dockerconfigjson",
    labels: { "acr.microsoft.com/binding": label },
    annotations: {
      "acr.microsoft.com/token.expiry": "TIME",
      "acr.microsoft.com/token.inputs": inputs,
      "acr.microsoft.com/token.refresh": "TIME",
    },
    owner: [`acrpull.microsoft.com/v1beta2/AcrPullBinding/${binding} controller=true block=true`],
    auths: {
      "bench.azurecr.io": {
        username: "00000000-0000-0000-0000-000000000000",
        email: "msi-acrpull@azurecr.io",
        authOk: true,
        token: {
          kind: "access",
          scope: "repository:app:pull",
          aud: "bench.azurecr.io",
          who: "1b461305-28be-5271-beda-bd9fd2e24251",
          arm: ACR_AUDIENCE,
        },
      },
    },
  };
}

function mapValues<T>(
  values: Readonly<Record<string, T>>,
  map: (value: T) => T,
): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));
}
