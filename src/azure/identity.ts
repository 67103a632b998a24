import { quote } from "../runtime/text/quote.ts";
import { lowerAscii } from "../runtime/text/ascii.ts";

/** As Azure writes client IDs, tenants and subscriptions. */
export const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * The resource ID of a managed identity, in lower case. Resource groups hold letters of any script;
 * neither they nor identities end in a dot.
 */
export const RESOURCE_ID =
  /^\/subscriptions\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\/resourcegroups\/[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]\/providers\/microsoft\.managedidentity\/userassignedidentities\/[a-z0-9][a-z0-9_-]{2,127}$/u;

/** Letters beyond ASCII that others may take for `k` and `s`: the Kelvin sign and the long s. */
export const LOOK_ALIKES = /[\u017f\u212a]/;

/** Of a resource ID as Azure makes them, and some more. */
const LONGEST_RESOURCE_ID = 400;

const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i;

/** Tenants by which Entra knows groups of tenants; an application cannot sign in to them. */
const NOT_ONE_TENANT = ["common", "consumers", "organizations"];

/** Checks a client ID. Answers undefined when it is sound, else the fault and its remedy. */
export function faultOfClientId(clientId: string): string | undefined {
  if (GUID.test(clientId)) return undefined;
  return `${quote(clientId)} is no GUID; give the identity's client ID, e.g. ` +
    "1b461305-28be-5271-beda-bd9fd2e24251";
}

/** Checks a managed identity's resource ID. Answers undefined when it is sound. */
export function faultOfResourceId(resourceId: string): string | undefined {
  if (RESOURCE_ID.test(lowerAscii(resourceId)) && !LOOK_ALIKES.test(resourceId)) return undefined;
  return `${
    quote(resourceId, LONGEST_RESOURCE_ID)
  } is no resource ID of a managed identity; give ` +
    "/subscriptions/GUID/resourceGroups/NAME/providers/Microsoft.ManagedIdentity/userAssignedIdentities/NAME";
}

/** Checks an Entra tenant: a GUID, or a domain. Answers undefined when it is sound. */
export function faultOfTenant(tenant: string): string | undefined {
  if (GUID.test(tenant) || DOMAIN.test(tenant)) return undefined;
  const group = NOT_ONE_TENANT.includes(lowerAscii(tenant));
  return `${quote(tenant)} ${group ? "is not one tenant" : "is no tenant"}; give the ` +
    "tenant's GUID or a verified domain";
}

/**
 * Cleans a path as Go's path.Clean does, which the reference applies to resource IDs before it
 * hashes and sends them; but the empty path stays empty.
 */
export function cleanPath(path: string): string {
  if (path === "") return "";
  const rooted = path.startsWith("/");
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!rooted) kept.push(part);
  }
  const joined = kept.join("/");
  if (rooted) return `/${joined}`;
  return joined === "" ? "." : joined;
}
