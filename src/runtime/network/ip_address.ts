/** Four bytes for IPv4 and what is mapped into IPv6 (RFC 4291, section 2.5.5.2), else sixteen. */
export type IpAddress = readonly number[];

/** Addresses of which the first `bits` are the same. */
export interface IpNetwork {
  readonly address: IpAddress;
  readonly bits: number;
}

const LONGEST_ADDRESS = 45;
const MAPPED_BITS = 96;

/** An address as Go's net.ParseIP reads it: no zone, no leading zero, no brackets. */
export function parseIp(text: string): IpAddress | undefined {
  const bytes = parseBytes(text);
  return bytes && isMapped(bytes) ? bytes.slice(12) : bytes;
}

/** A network as Go's net.ParseCIDR reads it. */
export function parseCidr(text: string): IpNetwork | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const [address, digits] = [parseBytes(text.slice(0, slash)), text.slice(slash + 1)];
  if (address === undefined || !/^\d{1,9}$/.test(digits)) return undefined;
  const bits = Number(digits);
  if (bits > address.length * 8) return undefined;
  const mapped = isMapped(address) && bits >= MAPPED_BITS;
  return mapped ? { address: address.slice(12), bits: bits - MAPPED_BITS } : { address, bits };
}

/** Whether the network holds the address. */
export function isWithinNetwork({ address, bits }: IpNetwork, ip: IpAddress): boolean {
  if (address.length !== ip.length) return false;
  return address.every((byte, index) => {
    const shift = 8 - Math.min(8, Math.max(0, bits - index * 8));
    return byte >> shift === ip[index]! >> shift;
  });
}

/** Whether it is of this very machine: 127.0.0.0/8 or ::1. */
export function isLoopback(ip: IpAddress): boolean {
  if (ip.length === 4) return ip[0] === 127;
  return ip.every((byte, index) => byte === (index === 15 ? 1 : 0));
}

function parseBytes(text: string): IpAddress | undefined {
  if (text.length > LONGEST_ADDRESS) return undefined;
  if (!text.includes(":")) return parseIpv4(text);
  // The URL parser of the runtime knows every form of IPv6, and answers it in one.
  if (/[^0-9a-f:.]/i.test(text) || !URL.canParse(`http://[${text}]/`)) return undefined;
  return expanded(new URL(`http://[${text}]/`).hostname.slice(1, -1));
}

function isMapped(bytes: IpAddress): boolean {
  return bytes.length === 16 &&
    bytes.every((byte, index) => index >= 12 || byte === (index < 10 ? 0 : 0xff));
}

function parseIpv4(text: string): IpAddress | undefined {
  const parts = text.split(".");
  const isByte = (part: string) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255;
  return parts.length === 4 && parts.every(isByte) ? parts.map(Number) : undefined;
}

/** Of the form that URLs show (RFC 5952), without dots. */
function expanded(text: string): number[] {
  const [head = [], tail = []] = text.split("::").map((half) =>
    half.split(":").filter((group) => group !== "").map((group) => parseInt(group, 16))
  );
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => 0);
  return [...head, ...zeros, ...tail].flatMap((group) => [group >> 8, group & 0xff]);
}
