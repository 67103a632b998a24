import { type AllowedSuffixes, DEFAULT_SUFFIXES, normalizeSuffix } from "../../azure/registry.ts";
import { DNS_SUBDOMAIN } from "../../kubernetes/resources/names.ts";
import type { AudiencePolicy } from "../../azure/audiences.ts";
import type { Given, ParsedFlags } from "./flags.ts";
import type { FLAGS } from "./flag_table.ts";
import { quote } from "../../runtime/text/quote.ts";
import { DEFAULT_TOKEN_AUDIENCE, faultOfTokenAudience } from "./token_audience.ts";

type GivenFlags = ParsedFlags<typeof FLAGS>["given"];

/** An absolute URI without spaces, query and fragment. */
export const AUDIENCE = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s\p{Cc}?#]+$/u;

/** The part of a token's life after which it is refreshed, strictly between 0 and 1. */
export function ttlRotationFraction(given: GivenFlags, errors: string[]): number {
  const flag = given["ttl-rotation-fraction"];
  if (flag === undefined) return 0.5;
  if (!(flag.value > 0 && flag.value < 1)) {
    errors.push(
      `${flag.spelling}=${flag.value} is out of range: write a number above 0 and below 1.`,
    );
  }
  return flag.value;
}

/** The audience of TokenRequest; the API server would choose its own if it were empty. */
export function serviceAccountTokenAudience(given: GivenFlags, errors: string[]): string {
  const flag = given["service-account-token-audience"];
  if (flag === undefined) return DEFAULT_TOKEN_AUDIENCE;
  const fault = faultOfTokenAudience(flag.value);
  if (fault !== undefined) errors.push(`${flag.spelling}=${quote(flag.value)} ${fault}`);
  return flag.value;
}

/** How Secrets are read: followed by list and watch, or each by its name alone. */
export type SecretAccess = "watch" | "get";

/** The choice of `--secret-access`. */
export function secretAccess(given: GivenFlags, errors: string[]): SecretAccess {
  const flag = given["secret-access"];
  if (flag === undefined) return "watch";
  if (flag.value !== "watch" && flag.value !== "get") {
    errors.push(`${flag.spelling}=${quote(flag.value)} is unknown: write watch or get.`);
    return "watch";
  }
  return flag.value;
}

/** The policy of `--acr-audience`. */
export function audiencePolicy(given: GivenFlags, errors: string[]): AudiencePolicy {
  const flag = given["acr-audience"];
  if (flag === undefined) return { kind: "auto" };
  const { value } = flag;
  if (value === "auto" || value === "arm" || value === "acr") return { kind: value };
  if (!isAudience(value)) {
    errors.push(
      `${flag.spelling}=${quote(value)} is no audience: ` +
        `write auto, arm, acr, or a URL such as https://containerregistry.azure.net.`,
    );
  }
  return { kind: "fixed", audience: value };
}

/**
 * The suffixes of `--allowed-acr-server-suffixes`. A list that holds nothing counts as absent, as
 * a chart renders it when its value is empty.
 */
export function allowedServerSuffixes(given: GivenFlags, errors: string[]): AllowedSuffixes {
  const flag = given["allowed-acr-server-suffixes"];
  if (flag === undefined) return DEFAULT_SUFFIXES;
  const suffixes = unique(flag.value.map(normalizeSuffix).filter((suffix) => suffix !== ""));
  if (suffixes.length === 0) return DEFAULT_SUFFIXES;
  if (suffixes.length === 1 && suffixes[0] === "*") return "*";
  for (const suffix of suffixes) {
    if (suffix === "*") {
      errors.push(
        `${flag.spelling}=${quote(flag.value.join(","))} names * beside others: ` +
          `write * alone to allow every host, or leave it out.`,
      );
    } else if (!DNS_SUBDOMAIN.test(suffix)) {
      errors.push(
        `${flag.spelling}=${quote(suffix)} is no domain: write one such as azurecr.io, ` +
          `which allows every host under it.`,
      );
    }
  }
  return suffixes;
}

/** Hosts, with a port where one is given, lower-case, without scheme. */
export function allowedEntraAuthorityHosts(given: GivenFlags, errors: string[]): string[] {
  const flag = given["allowed-entra-authority-hosts"];
  return unique((flag?.value ?? []).map((item) => entraHost(flag!, item, errors)));
}

function entraHost(flag: Given<unknown>, item: string, errors: string[]): string {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(item) ? item : `https://${item}`;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const bare = parsed !== undefined && parsed.protocol === "https:" && parsed.host !== "" &&
    parsed.href === `https://${parsed.host}/`;
  if (!bare) {
    errors.push(
      `${flag.spelling}=${quote(item)} is no Entra host: ` +
        `write its name alone, such as login.microsoftonline.com.`,
    );
    return item;
  }
  return parsed.host.replace(/\.(?=:|$)/, "");
}

/** Audiences, as given: Entra compares them letter by letter. */
export function allowedResourceManagerAudiences(given: GivenFlags, errors: string[]): string[] {
  const flag = given["allowed-resource-manager-audiences"];
  for (const item of flag?.value ?? []) {
    if (!isAudience(item)) {
      errors.push(
        `${flag!.spelling}=${quote(item)} is no audience: ` +
          `write a URL such as https://management.azure.com/.`,
      );
    }
  }
  return unique(flag?.value ?? []);
}

/** Whether a text is an absolute URI fit for an audience: no spaces, query or fragment. */
export function isAudience(text: string): boolean {
  return AUDIENCE.test(text) && URL.canParse(text);
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
