import { audiencesOf } from "../azure/jwt.ts";
import type { ResolvedCluster } from "../kubernetes/config/types.ts";
import { ConfigError } from "../kubernetes/config/errors.ts";
import { quote } from "../runtime/quote.ts";

/** The API server by its names in the cluster's DNS, one of which is its audience in most. */
const API_SERVER = /^(https?:\/\/)?kubernetes(\.default(\.svc(\.[-a-z0-9.]+)?)?)?(:\d+)?\/?$/i;

const REMEDY = "with a token for it, whoever reads it is that service account in the cluster; " +
  "write the audience that the federated credentials list.";

/** What is wrong with an audience of service account tokens that are shown to Entra, if anything. */
export function faultOfTokenAudience(audience: string): string | undefined {
  if (!/^[^\s\p{Cc}]+$/u.test(audience)) {
    return "is no audience: write the one that the federated credentials list, without spaces.";
  }
  return API_SERVER.test(audience) ? `is the API server's own audience: ${REMEDY}` : undefined;
}

/**
 * Rejects with a ConfigError where the API server itself would take the tokens that are shown to
 * Entra. A cluster may name its audiences as it likes; those of the pod's own token are among them.
 */
export async function refuseOwnAudience(
  { inCluster, credentials }: Pick<ResolvedCluster, "inCluster" | "credentials">,
  audience: string,
): Promise<void> {
  if (!inCluster) return;
  const { authorization } = await credentials.get();
  // The scheme before the token stands in its first segment, which nobody reads.
  if (authorization === undefined || !audiencesOf(authorization).includes(audience)) return;
  throw new ConfigError(
    `--service-account-token-audience=${quote(audience)} is the API server's own audience, ` +
      `as the operator's own token has it: ${REMEDY}`,
  );
}
