import { parseIp } from "../runtime/network/ip_address.ts";
import { list, quote } from "../runtime/text/quote.ts";
import { lowerAscii } from "../runtime/text/ascii.ts";
import { trimEnd, trimStart } from "../runtime/text/trim.ts";

/** Registry suffixes to which tokens may be sent, or `*` for every host. */
export type AllowedSuffixes = readonly string[] | "*";

/** The suffixes of the three public clouds, allowed when nothing else is configured. */
export const DEFAULT_SUFFIXES: readonly string[] = ["azurecr.io", "azurecr.us", "azurecr.cn"];

/** Of a host name by DNS is 253; what is a little longer is shown whole, too. */
const LONGEST_NAME = 300;

/** One of the parts of a registry's host name between its dots, in lower case. */
export const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Lower case, without the dots around: `.AzureCR.io.` becomes `azurecr.io`. */
export function normalizeSuffix(suffix: string): string {
  return trimStart(trimEnd(lowerAscii(suffix.trim()), "."), ".");
}

/** The host name by which a registry is called: lower case, without the root's dot. */
export function registryHost(server: string): string {
  return lowerAscii(server).replace(/\.$/, "");
}

/**
 * The name by which the registry that answers at `server` knows itself: behind a regional endpoint,
 * NAME.REGION.geo.SUFFIX, that is NAME.SUFFIX. Source: "Geo-replication in Azure Container Registry",
 * regional endpoints.
 */
export function homeRegistry(server: string): string {
  const [name, region, geo, ...suffix] = registryHost(server).split(".");
  const isRegional = region !== undefined && geo === "geo" && suffix.length >= 2;
  return isRegional ? [name, ...suffix].join(".") : registryHost(server);
}

/** Whether a token's `aud` names the registry that answers at `server`, by either of its names. */
export function namesRegistry(audience: string, server: string): boolean {
  const named = registryHost(audience);
  return named === homeRegistry(server) || named === registryHost(server);
}

/** Whether a registry's host name is one of `suffixes`, or ends with one after a dot. */
export function isUnder(server: string, suffixes: readonly string[]): boolean {
  const host = registryHost(server);
  return suffixes.some((suffix) => host === suffix || host.endsWith(`.${suffix}`));
}

/**
 * Checks the host name of a registry. Answers undefined when it is sound, else what is wrong with
 * it and what to do, to follow the name of the field: `"https://a.azurecr.io" carries a scheme; give ...`.
 */
export function faultOfServer(server: string, allowed: AllowedSuffixes): string | undefined {
  return faultOfHostName(server) ?? faultOfSuffix(server, allowed);
}

/** As `faultOfServer`, for any host name and without regard to suffixes. */
export function faultOfHostName(server: string): string | undefined {
  if (server === "") return `is empty; ${NAME}`;
  const fault = FORMS.find(([is]) => is(server))?.[1] ??
    (isHostName(registryHost(server)) ? undefined : faultOfName(server));
  return fault && `${quote(server, LONGEST_NAME)} ${fault}`;
}

const NAME = "give the registry's host name, e.g. example.azurecr.io";
const ALONE = "give the host name alone, e.g. example.azurecr.io";

/**
 * What people write in place of a host name, the first that fits. Some of it kubelet would find, such
 * as a pattern; a token is for one registry, which has a name and answers at 443.
 */
const FORMS: readonly (readonly [is: (server: string) => boolean, fault: string])[] = [
  [(server) => /^[a-z][a-z0-9+.-]*:\/\//i.test(server), `carries a scheme; ${ALONE}`],
  [(server) => server.includes("@"), `carries user information; ${ALONE}`],
  [(server) => /[/?#\\]/.test(server), `carries a path; ${ALONE}`],
  [isAddress, `is an IP address; ${NAME}`],
  [(server) => /:\d*$/.test(server), `carries a port; ${ALONE}`],
  [(server) => server.includes("*"), `is a pattern, and a credential is for one registry; ${NAME}`],
  [(server) => server.endsWith("."), "ends in a dot, which no image name does; give it without"],
];

function isAddress(server: string): boolean {
  const isBracketed = server.startsWith("[") && server.endsWith("]");
  return parseIp(isBracketed ? server.slice(1, -1) : server) !== undefined;
}

/** Image names are of ASCII alone, so that kubelet looks an internationalized name up as DNS has it. */
function faultOfName(server: string): string {
  const ascii = /[\u0080-\uffff]/.test(server) && URL.parse(`https://${server}`)?.hostname;
  return ascii && isHostName(ascii)
    ? `has characters beyond ASCII, which no image name has; give ${ascii} if that is meant`
    : "is no host name; give one like example.azurecr.io";
}

function isHostName(host: string): boolean {
  const labels = host.split(".");
  // A last label of digits alone makes an IP address of it.
  return host.length <= 253 && labels.length >= 2 &&
    labels.every((label) => HOST_LABEL.test(label)) &&
    !/^\d+$/.test(labels.at(-1)!) && isCalledAsWritten(host);
}

/** URLs know more forms of IP addresses (0x7f.0x1), and names that they refuse (xn--a). */
function isCalledAsWritten(host: string): boolean {
  return URL.parse(`https://${host}`)?.hostname === host;
}

function faultOfSuffix(server: string, allowed: AllowedSuffixes): string | undefined {
  if (allowed === "*") return undefined;
  if (isUnder(server, allowed)) return undefined;
  return `${quote(server, LONGEST_NAME)} is outside the allowed registry suffixes (${
    list(allowed)
  }); correct it, or have the administrator extend --allowed-acr-server-suffixes`;
}
