/** The options whose value reaches the operator as an environment variable, by the variable. */
export const OPTION_OF_VARIABLE: ReadonlyMap<string, string> = new Map([
  ["ACR_SERVER", "--acr-server"],
  ["MANAGED_IDENTITY_CLIENT_ID", "--client-id"],
  ["MANAGED_IDENTITY_RESOURCE_ID", "--resource-id"],
  ["ARM_RESOURCE", "--arm-resource"],
]);
