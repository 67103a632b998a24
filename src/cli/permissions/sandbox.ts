import { DEFAULT_SUFFIXES } from "../../azure/registry.ts";
import { ALLOW_HOST_REMEDY, permissionHost } from "../../azure/host_permission.ts";
import type { Options } from "../flags/options.ts";

/** The net permission of the process, as Deno keeps it. `host` is a name or address with a port. */
export interface NetPermission {
  granted(host: string): boolean;
  /** Takes back the entry that grants `host`; a permission for every host stays. */
  revoke(host: string): void;
}

/** This process's own. */
export const processNet: NetPermission = {
  granted: (host) => Deno.permissions.querySync({ name: "net", host }).state === "granted",
  revoke: (host) => Deno.permissions.revokeSync({ name: "net", host }),
};

/** A host that cannot exist (RFC 6761): who may connect to it may connect to any. */
const NOWHERE = "nowhere.invalid:443";

/**
 * Hosts that options name and Deno does not allow, one sentence each: what cannot be honoured is
 * refused at start, and not found out by a tenant.
 */
export function sandboxFaults(options: Options, net: NetPermission): string[] {
  const { allowedServerSuffixes, airgapped, imdsAuthorityHost } = options;
  const suffixes = allowedServerSuffixes === "*" ? [] : allowedServerSuffixes;
  const faults = [
    ...suffixes.filter((suffix) => !registriesGranted(suffix, net))
      .map((suffix) => fault("--allowed-acr-server-suffixes", suffix, `*.${suffix}:443`)),
    ...airgapped.entraAuthorityHosts.filter((host) => !net.granted(withPort(host, 443)))
      .map((host) => fault("--allowed-entra-authority-hosts", host, withPort(host, 443))),
  ];
  if (imdsAuthorityHost === undefined) return faults;
  const imds = permissionHost(new URL(imdsAuthorityHost));
  if (net.granted(imds)) return faults;
  return [...faults, fault("AZURE_POD_IDENTITY_AUTHORITY_HOST", imdsAuthorityHost, imds)];
}

/**
 * Where options admit registries to which Deno allows no connection, one sentence each: bindings
 * that name those will fail, which an administrator should know before a tenant does.
 */
export function sandboxRemarks({ allowedServerSuffixes }: Options, net: NetPermission): string[] {
  if (net.granted(NOWHERE)) return [];
  const remark = (suffix: string, admitted: string, reach: string) =>
    `--allowed-acr-server-suffixes=${suffix} admits ${admitted}, but this executable may connect ` +
    `only to ${reach}; bindings of other registries will fail until you ${ALLOW_HOST_REMEDY}`;
  if (allowedServerSuffixes === "*") {
    return [remark("*", "every registry", "the registries that were allowed when it was made")];
  }
  return allowedServerSuffixes.filter((suffix) => !net.granted(aRegistryUnder(suffix)))
    .map((suffix) => remark(suffix, `every registry under ${suffix}`, `${suffix} itself`));
}

/**
 * Gives up the right to connect to registries under the public clouds' domains that
 * `--allowed-acr-server-suffixes` leaves out. There is no way back for the process. Of a domain in
 * which one suffix lies all of it stays: Deno can take back an entry of its list, and no part of one.
 */
export function narrowSandbox({ allowedServerSuffixes }: Options, net: NetPermission): void {
  if (allowedServerSuffixes === "*") return;
  for (const domain of DEFAULT_SUFFIXES) {
    const used = allowedServerSuffixes.some((suffix) => `.${suffix}`.endsWith(`.${domain}`));
    if (!used) net.revoke(aRegistryUnder(domain));
  }
}

/** A host under the suffix, or the one host that the suffix is. */
function registriesGranted(suffix: string, net: NetPermission): boolean {
  return net.granted(aRegistryUnder(suffix)) || net.granted(withPort(suffix, 443));
}

function aRegistryUnder(domain: string): string {
  return `registry.${domain}:443`;
}

function withPort(host: string, port: number): string {
  return /:\d+$/.test(host) ? host : `${host}:${port}`;
}

function fault(option: string, value: string, host: string): string {
  return `${option}=${value} cannot be honoured: this executable may not connect to ${host}; ` +
    `${ALLOW_HOST_REMEDY}.`;
}
