import { systemClock } from "../../../src/runtime/time/clock.ts";
import { CertificateAuthority } from "./certificates.ts";
import { answer, imdsTarget, type Served, tunnelTarget } from "./front.ts";

/** A fake Azure on addresses of its own. */
export interface Hosts extends AsyncDisposable {
  /** The certificate authority to trust, as the content of the file that DENO_CERT names. */
  readonly caPem: string;
}

/**
 * Serves IMDS on port 80 of `imdsAddress`, and each host by TLS on port 443 of its address, without
 * a proxy. It is for a network namespace of the caller's, where these addresses are nobody else's.
 */
export async function listenOnHosts(
  azure: Served,
  imdsAddress: string,
  addresses: ReadonlyMap<string, string>,
): Promise<Hosts> {
  const ending = new AbortController();
  const authority = await CertificateAuthority.create(systemClock.now());
  const options = { signal: ending.signal, onListen: () => {} };
  const servers = [
    Deno.serve(
      { hostname: imdsAddress, port: 80, ...options },
      (request) => answer(azure, request, imdsTarget(azure.imdsUrl, request), ending.signal),
    ),
  ];
  for (const [host, hostname] of addresses) {
    const pair = await authority.issue(host);
    servers.push(Deno.serve(
      { hostname, port: 443, ...pair, ...options },
      (request) => answer(azure, request, tunnelTarget(azure, host, request), ending.signal),
    ));
  }
  return {
    caPem: authority.pem,
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await Promise.all(servers.map(({ finished }) => finished));
    },
  };
}
