/** Where a server listens. */
export interface BindAddress {
  /** Host name or address without brackets; empty for every interface, of IPv4 and IPv6. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

const HOST = /^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$/;
const IPV6 = /^\[([0-9A-Fa-f:.]+)\]$/;

/** Reads `HOST:PORT`, `[IPV6]:PORT` or `:PORT`, as Go's net.Listen does. Undefined if it is none. */
export function parseBindAddress(text: string): BindAddress | undefined {
  const colon = text.lastIndexOf(":");
  if (colon < 0 || !/^\d{1,5}$/.test(text.slice(colon + 1))) return undefined;
  const port = Number(text.slice(colon + 1));
  const host = text.slice(0, colon);
  if (port > 65535) return undefined;
  if (host === "" || HOST.test(host)) return { host, port };
  const bracketed = IPV6.exec(host)?.[1];
  return bracketed === undefined || !URL.canParse(`http://[${bracketed}]`)
    ? undefined
    : { host: bracketed, port };
}

/** The text that `parseBindAddress` reads back to the same. */
export function formatBindAddress({ host, port }: BindAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
