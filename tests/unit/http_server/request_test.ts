import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { ByteStream } from "../../../src/http_server/byte_stream.ts";
import { readRequest, RequestError } from "../../../src/http_server/request.ts";

/** A client that sends these bytes and then no more. */
function sending(chunks: readonly Uint8Array[]): ByteStream {
  const left = [...chunks];
  return {
    read: () => Promise.resolve(left.shift() ?? null),
    write: () => Promise.reject(new Error("wrote while reading a request")),
    end: () => Promise.reject(new Error("ended while reading a request")),
    close: () => {},
  };
}

const bytes = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

async function read(...texts: string[]) {
  try {
    const request = await readRequest(sending(texts.map(bytes)));
    if (request === undefined) return undefined;
    const { pathname, search } = new URL(request.url);
    const { host: _, ...headers } = Object.fromEntries(request.headers);
    return { method: request.method, target: pathname + search, headers };
  } catch (error) {
    if (error instanceof RequestError) return `${error.status} ${error.message}`;
    throw error;
  }
}

const HEALTHZ = { method: "GET", target: "/healthz", headers: {} };
const unread = (what: string) => `400 The request's ${what} cannot be read.`;
const LONG = "431 The request's headers are longer than 16 KiB.";

const CASES: [name: string, sent: string[], expected: unknown][] = [
  ["a probe", ["GET /healthz HTTP/1.1\r\nHost: pod\r\n\r\n"], HEALTHZ],
  ["one in pieces", ["GET /healthz HT", "TP/1.1\r\nHost: pod\r\n\r", "\n"], HEALTHZ],
  ["an empty line before it", ["\r\nGET /healthz HTTP/1.1\r\nHost: pod\r\n\r\n"], HEALTHZ],
  ["HTTP/1.0 without a host", ["GET /healthz HTTP/1.0\r\n\r\n"], HEALTHZ],
  ["a target with its host", ["GET http://pod/healthz HTTP/1.1\r\nHost: pod\r\n\r\n"], HEALTHZ],
  ["a host of invention", ["GET /healthz HTTP/1.1\r\nHost: [::\r\n\r\n"], HEALTHZ],
  ["headers, however spaced", [
    "HEAD /readyz?verbose HTTP/1.1\r\nHost:pod\r\nAuthorization: \t Bearer x \r\nA:\r\n\r\n",
  ], {
    method: "HEAD",
    target: "/readyz?verbose",
    headers: { authorization: "Bearer x", a: "" },
  }],
  ["a body, which stays unread", ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"], {
    method: "POST",
    target: "/",
    headers: { "content-length": "1" },
  }],
  ["two tokens, which make none", [
    "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\nAuthorization: Bearer y\r\n\r\n",
  ], { method: "GET", target: "/", headers: { authorization: "Bearer x, Bearer y" } }],
  ["nothing", [], undefined],
  ["half of one", ["GET /healthz HTTP/1.1\r\nHost:"], undefined],
  ["headers of 20 KiB", [`GET / HTTP/1.1\r\nHost: a\r\nA: ${"a".repeat(20_480)}\r\n\r\n`], LONG],
  ["headers without an end", Array.from({ length: 100 }, () => "a".repeat(1024)), LONG],
  ["more than 100 headers", [
    `GET / HTTP/1.1\r\nHost: a\r\n${"a:\r\n".repeat(100)}\r\n`,
  ], "431 The request has more than 100 headers."],
  ["one byte after the other", [..."GET /healthz HTTP/1.1\r\nHost: pod\r\n\r\n"], HEALTHZ],
  ["an end after a lone carriage return", [
    "GET /healthz HTTP/1.1\r\nHost: pod\r\nA: \r\r\n\r\n",
  ], unread("header line")],
  ["blanks before a line feed", [
    `GET / HTTP/1.1\r\nHost: a\r\nA:${" ".repeat(2200)}\n\r\n\r\n`,
  ], unread("header line")],
  ["HTTP/2", ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], unread("request line")],
  ["a TLS handshake", ["\x16\x03\x01\x02\r\n\r\n"], unread("request line")],
  ["two spaces", ["GET  / HTTP/1.1\r\nHost: a\r\n\r\n"], unread("request line")],
  ["HTTP/1.1 without a host", ["GET / HTTP/1.1\r\n\r\n"], unread("Host header")],
  ["two hosts", ["GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"], unread("Host header")],
  ["a folded header", ["GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"], unread("header line")],
  ["a space before the colon", ["GET / HTTP/1.1\r\nHost : a\r\n\r\n"], unread("header line")],
  ["a lone line feed", ["GET / HTTP/1.1\r\nHost: a\nB: c\r\n\r\n"], unread("header line")],
  ["a NUL", ["GET / HTTP/1.1\r\nHost: a\0\r\n\r\n"], unread("header line")],
  ["a target that is none", ["GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n"], unread("target")],
  ["TRACE", ["TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"], unread("method")],
];

for (const [name, sent, expected] of CASES) {
  Deno.test(`HTTP request: ${name}`, async () => assert.deepEqual(await read(...sent), expected));
}

Deno.test("HTTP request: any bytes are a request, too few, or a RequestError", async () => {
  const line = fc.constantFrom("GET / HTTP/1.1\r\n", "Host: a\r\n", "\r\n", ":", " ", "\n");
  const piece = fc.oneof(line.map(bytes), fc.uint8Array({ maxLength: 40 }));
  await fc.assert(fc.asyncProperty(fc.array(piece), async (chunks) => {
    try {
      const request = await readRequest(sending(chunks));
      assert.ok(request === undefined || request instanceof Request);
    } catch (error) {
      assert.ok(error instanceof RequestError, String(error));
    }
  }));
});
