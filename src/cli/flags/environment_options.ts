import { optional } from "../../runtime/optional.ts";
import { maskSecrets } from "../../runtime/masking/mask.ts";
import { trimEnd } from "../../runtime/text/trim.ts";
import { cleanPath, faultOfClientId, faultOfResourceId } from "../../azure/identity.ts";
import { type AllowedSuffixes, faultOfServer } from "../../azure/registry.ts";
import { isAudience } from "./credential_options.ts";
import type { Variable } from "./flag_table.ts";
import { quote } from "../../runtime/text/quote.ts";

/** Reads an environment variable. An empty one counts as absent. */
export type Environment = (name: Variable) => string | undefined;

/** What fills the fields that a v1beta1 binding leaves empty. */
export interface BindingDefaults {
  readonly acrServer?: string;
  readonly managedIdentityClientID?: string;
  /** As given: the controller cleans it as a path before use. */
  readonly managedIdentityResourceID?: string;
  /** Audience asked of IMDS. */
  readonly armResource?: string;
}

/** The defaults of the environment, each held against the rule for the binding's own field. */
export function bindingDefaults(
  env: Environment,
  allowed: AllowedSuffixes,
  errors: string[],
): BindingDefaults {
  const checked = <K extends keyof BindingDefaults>(
    field: K,
    name: Variable,
    rule: (value: string) => string | undefined,
  ) => {
    const value = read(env, name);
    const problem = value === undefined ? undefined : rule(value);
    if (problem !== undefined) errors.push(`${name} ${problem}.`);
    return optional(field, value);
  };
  return {
    ...checked("acrServer", "ACR_SERVER", (value) => faultOfServer(value, allowed)),
    ...checked("managedIdentityClientID", "MANAGED_IDENTITY_CLIENT_ID", faultOfClientId),
    ...checked(
      "managedIdentityResourceID",
      "MANAGED_IDENTITY_RESOURCE_ID",
      (value) => faultOfResourceId(cleanPath(value)),
    ),
    ...checked("armResource", "ARM_RESOURCE", armResourceProblem),
  };
}

function armResourceProblem(value: string): string | undefined {
  return isAudience(value)
    ? undefined
    : `${quote(value)} is no audience; give a URL such as https://management.azure.com/`;
}

/** Base URL of IMDS from AZURE_POD_IDENTITY_AUTHORITY_HOST, without a slash at its end. */
export function imdsAuthorityHost(env: Environment, errors: string[]): string | undefined {
  const value = read(env, "AZURE_POD_IDENTITY_AUTHORITY_HOST");
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const usable = url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" &&
    url.password === "" && !/[?#\s]/.test(value);
  if (!usable) {
    errors.push(
      `AZURE_POD_IDENTITY_AUTHORITY_HOST=${quote(maskSecrets(value))} is no base URL: ` +
        `write one such as http://169.254.169.254.`,
    );
    return undefined;
  }
  return trimEnd(url.href, "/");
}

/** The variable's value, or undefined when it is absent or empty. */
export function read(env: Environment, name: Variable): string | undefined {
  const value = env(name);
  return value === "" ? undefined : value;
}
