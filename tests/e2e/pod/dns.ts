import { createSocket } from "node:dgram";
import { once } from "node:events";

/** Record type of RFC 1035, section 3.2.2. */
const A = 1;
const IN = 1;
const HEADER_BYTES = 12;
const NAME_ERROR = 3;

/** A cluster's DNS server as far as pods need it: it knows IPv4 addresses of a few names. */
export class DnsServer implements AsyncDisposable {
  /** Names that were asked for and that it does not know, in order. */
  readonly unknown: string[] = [];
  readonly #socket = createSocket("udp4");
  readonly #addresses: ReadonlyMap<string, string>;

  private constructor(addresses: ReadonlyMap<string, string>) {
    this.#addresses = addresses;
    this.#socket.on("message", (query, { port, address }) => {
      this.#socket.send(this.#answer(query), port, address);
    });
  }

  /** Rejects where the address cannot be had. */
  static async listen(
    hostname: string,
    addresses: ReadonlyMap<string, string>,
  ): Promise<DnsServer> {
    const server = new DnsServer(addresses);
    const listening = once(server.#socket, "listening");
    server.#socket.bind(53, hostname);
    await listening;
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }

  #answer(query: Uint8Array): Uint8Array {
    const { name, end } = readName(query, HEADER_BYTES);
    const type = (query[end]! << 8) | query[end + 1]!;
    const question = query.slice(HEADER_BYTES, end + 4);
    const address = this.#addresses.get(name);
    if (address === undefined) this.unknown.push(name);
    const records = address === undefined || type !== A ? [] : [addressRecord(address)];
    return Uint8Array.from([
      ...query.slice(0, 2),
      // An answer, authoritative, recursion asked for and available.
      ...[0x85, 0x80 | (address === undefined ? NAME_ERROR : 0)],
      ...[0, 1, 0, records.length, 0, 0, 0, 0],
      ...question,
      ...records.flat(),
    ]);
  }
}

/** RFC 1035, section 4.1.2. Names of questions are never compressed. */
function readName(message: Uint8Array, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = message[at]!; length > 0; length = message[at]!) {
    labels.push(new TextDecoder().decode(message.slice(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), end: at + 1 };
}

/** RFC 1035, section 4.1.3, with a pointer to the question's name and 5 s to live. */
function addressRecord(address: string): number[] {
  const bytes = address.split(".").map(Number);
  return [0xc0, HEADER_BYTES, 0, A, 0, IN, 0, 0, 0, 5, 0, bytes.length, ...bytes];
}
