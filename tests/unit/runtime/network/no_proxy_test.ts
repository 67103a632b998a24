import assert from "node:assert/strict";
import * as fc from "fast-check";
import { parseNoProxy } from "../../../../src/runtime/network/no_proxy.ts";
import { computedByGo, noProxyCases } from "../../../data/no_proxy/cases.ts";
import { lackOfGo } from "../../../suites/go_program.ts";
import { needing } from "../../../suites/needing.ts";

const LACK = lackOfGo();

for (const { name, noProxy, direct, proxied } of noProxyCases()) {
  Deno.test(`NO_PROXY as Go reads it: ${name}`, () => {
    const bypasses = parseNoProxy(noProxy);
    const all = [...direct, ...proxied];
    const found = all.filter((url) => bypasses(new URL(url)));
    assert.deepEqual(found, direct);
  });
}

Deno.test({
  ...needing("NO_PROXY: the table is what Go computes", LACK),
  fn: async () => {
    const cases = noProxyCases();
    const urls = ({ direct, proxied }: (typeof cases)[number]) => [...direct, ...proxied];
    const computed = await computedByGo(
      cases.map((each) => ({ noProxy: each.noProxy, urls: urls(each) })),
    );
    const expected = cases.map((each) => urls(each).map((url) => each.direct.includes(url)));
    assert.deepEqual(computed, expected);
  },
});

const LABELS = ["a", "bench", "azurecr", "io", "*", "", "A", "xn--bcher-kva", "b\u00fccher"];
const name = fc.array(fc.constantFrom(...LABELS), { minLength: 1, maxLength: 4 })
  .map((labels) => labels.join("."));
const octet = fc.constantFrom("0", "1", "10", "127", "255", "256", "01");
const ipv4 = fc.array(octet, { minLength: 3, maxLength: 4 }).map((octets) => octets.join("."));
const ipv6 = fc.constantFrom(
  "fd00::1",
  "::1",
  "::",
  "fd00::",
  "::ffff:10.1.1.1",
  "FD00::a:1",
  ":::",
);
const host = fc.oneof(name, ipv4, ipv6, ipv6.map((text) => `[${text}]`));
const suffix = fc.constantFrom(
  "",
  "",
  ":443",
  ":6443",
  ":",
  ":x",
  "/8",
  "/33",
  "/104",
  "/0",
  "/x",
  ".",
);
const entry = fc.tuple(fc.constantFrom("", "", " ", ".", "*.", ":"), host, suffix)
  .map((parts) => parts.join(""));
const value = fc.array(entry, { maxLength: 3 }).map((entries) => entries.join(","));

const URLS = [
  "https://bench.azurecr.io/",
  "https://azurecr.io:6443/",
  "https://a.bench/",
  "http://io/",
  "https://a.xn--bcher-kva.io/",
  "https://10.1.1.1/",
  "https://10.0.10.255:6443/",
  "https://127.0.0.1/",
  "https://[fd00::1]/",
  "https://[fd00::a:1]:6443/",
  "https://[::ffff:10.1.1.1]/",
];

Deno.test({
  ...needing("NO_PROXY: whatever is written there is read as Go reads it", LACK),
  fn: async () => {
    const values = fc.sample(value, { numRuns: 3000, seed: 1 });
    const computed = await computedByGo(values.map((noProxy) => ({ noProxy, urls: URLS })));
    const differing = values.flatMap((noProxy, index) => {
      const bypasses = parseNoProxy(noProxy);
      const found = URLS.filter((url) => bypasses(new URL(url)));
      const expected = URLS.filter((_, at) => computed[index]![at]);
      return `${found}` === `${expected}` ? [] : [{ noProxy, found, expected }];
    });
    assert.deepEqual(differing.slice(0, 10), []);
  },
});
