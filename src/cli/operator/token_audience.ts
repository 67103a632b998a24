import { audiencesOf } from "../../azure/jwt.ts";
import type { ResolvedCluster } from "../../kubernetes/config/types.ts";
import { ConfigError } from "../../kubernetes/config/errors.ts";
import { quote } from "../../runtime/text/quote.ts";
import { OWN_AUDIENCE_REMEDY } from "../flags/token_audience.ts";

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
      `as the operator's own token has it: ${OWN_AUDIENCE_REMEDY}`,
  );
}
