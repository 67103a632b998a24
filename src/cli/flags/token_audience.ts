/** The API server by its names in the cluster's DNS, one of which is its audience in most. */
export const API_SERVER_AUDIENCE =
  /^(https?:\/\/)?kubernetes(\.default(\.svc(\.[-a-z0-9.]+)?)?)?(:\d+)?\/?$/i;

/** The audience that Entra expects in federated credentials for registries. */
export const DEFAULT_TOKEN_AUDIENCE = "api://AzureCRTokenExchange";

/** Why the API server's own audience is refused, and what to write instead. */
export const OWN_AUDIENCE_REMEDY =
  "with a token for it, whoever reads it is that service account in the cluster; " +
  "write the audience that the federated credentials list.";

/** What is wrong with an audience of service account tokens that are shown to Entra, if anything. */
export function faultOfTokenAudience(audience: string): string | undefined {
  if (!/^[^\s\p{Cc}]+$/u.test(audience)) {
    return "is no audience: write the one that the federated credentials list, without spaces.";
  }
  return API_SERVER_AUDIENCE.test(audience)
    ? `is the API server's own audience: ${OWN_AUDIENCE_REMEDY}`
    : undefined;
}
