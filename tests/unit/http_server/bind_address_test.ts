import assert from "node:assert/strict";
import { formatBindAddress, parseBindAddress } from "../../../src/http_server/bind_address.ts";

Deno.test("bind address: every form of Go's net.Listen with a numeric port is read and written back", () => {
  const cases: [string, { host: string; port: number }][] = [
    [":8080", { host: "", port: 8080 }],
    ["127.0.0.1:8080", { host: "127.0.0.1", port: 8080 }],
    ["localhost:0", { host: "localhost", port: 0 }],
    ["my-host.example:65535", { host: "my-host.example", port: 65535 }],
    ["[::]:8081", { host: "::", port: 8081 }],
    ["[fe80::1]:1", { host: "fe80::1", port: 1 }],
  ];
  assert.deepEqual(cases.map(([text]) => [text, parseBindAddress(text)]), cases);
  assert.deepEqual(cases.map(([, address]) => formatBindAddress(address)), cases.map(([t]) => t));
});

Deno.test("bind address: anything else is none", () => {
  const texts = [
    "",
    "8080",
    ":",
    "host",
    "host:",
    ":http",
    ":-1",
    ":65536",
    ":123456",
    "::1:80",
    "[::1]",
    "[zz]:1",
    "[1:2]:3",
    "ho st:1",
    "http://host:1",
    "host:1 ",
    "-host:1",
  ];
  assert.deepEqual(texts.filter((text) => parseBindAddress(text) !== undefined), []);
});
