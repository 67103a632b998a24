import assert from "node:assert/strict";
import { noProxyHosts, noProxyValue } from "../../../../src/kubernetes/config/no_proxy.ts";
import { fixedCluster } from "../transport_support.ts";

const VALUES: [name: string, current: string | undefined, hosts: string[], expected: string][] = [
  ["nothing yet", undefined, ["10.0.0.1"], "10.0.0.1"],
  ["an empty value", "", ["10.0.0.1"], "10.0.0.1"],
  ["others are kept, tidied", " a.example , ,b", ["10.0.0.1"], "a.example,b,10.0.0.1"],
  ["what is there is not added", "API.example,b", ["api.EXAMPLE", "b"], "API.example,b"],
  ["the same host twice", "", ["x", "x"], "x"],
  ["a star says nothing to Deno", "*", ["x"], "*,x"],
  ["a range is not compared", "10.0.0.0/8", ["10.0.0.1"], "10.0.0.0/8,10.0.0.1"],
  ["ports and brackets are dropped", "", ["x:6443", "[fd00::1]:443", "[::1]"], "x,fd00::1,::1"],
  ["a bare IPv6 address stays whole", "", ["fd00::1"], "fd00::1"],
  ["no hosts", "a", [], "a"],
  ["an empty host", "a", [" "], "a"],
];

for (const [name, current, hosts, expected] of VALUES) {
  Deno.test(`NO_PROXY: ${name}`, () => {
    assert.equal(noProxyValue(current, hosts), expected);
  });
}

Deno.test("only a pod's API server is reached without the environment's proxy", () => {
  const hosts = (inCluster: boolean, server: string) =>
    noProxyHosts(fixedCluster(server, { inCluster }));
  assert.deepEqual(hosts(true, "https://10.0.0.1:443"), ["10.0.0.1"]);
  assert.equal(noProxyValue("", hosts(true, "https://[fd00::1]:443")), "fd00::1");
  assert.deepEqual(hosts(false, "https://aks.example"), []);
});

/** Asks from a process of its own, for Deno reads the variables when a client is made. */
async function ask(
  script: string,
  target: string,
  env: Record<string, string>,
): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", script],
    // Other tests of this process have set NO_PROXY for themselves.
    clearEnv: true,
    env: { TARGET: target, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

const FETCH =
  'const r = await fetch(Deno.env.get("TARGET"), OPTIONS); console.log(await r.text());';
const GLOBAL = FETCH.replace("OPTIONS", "{}");
const OWN_CLIENT = FETCH.replace("OPTIONS", "{ client: Deno.createHttpClient({ caCerts: [] }) }");
const OWN_PROXY = FETCH.replace(
  "OPTIONS",
  '{ client: Deno.createHttpClient({ proxy: { url: Deno.env.get("PROXY") } }) }',
);
const SET = 'Deno.env.set("NO_PROXY", "127.0.0.1");';

Deno.test("Deno honours NO_PROXY as this module assumes, in processes of their own", async () => {
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  await using target = Deno.serve(options, () => new Response("direct"));
  const proxied: string[] = [];
  await using proxy = Deno.serve(options, (request) => {
    proxied.push(request.url);
    return new Response("proxied");
  });
  const url = `http://127.0.0.1:${target.addr.port}/`;
  const PROXY = `http://127.0.0.1:${proxy.addr.port}`;
  const HTTP_PROXY = PROXY;
  const NO_PROXY = noProxyValue("elsewhere", ["127.0.0.1:443"]);
  const cases: [string, string, Record<string, string>, string][] = [
    ["the proxy counts for fetch", GLOBAL, { HTTP_PROXY }, "proxied"],
    ["and for a client of one's own", OWN_CLIENT, { HTTP_PROXY }, "proxied"],
    ["NO_PROXY counts for fetch", GLOBAL, { HTTP_PROXY, NO_PROXY }, "direct"],
    ["and for a client of one's own", OWN_CLIENT, { HTTP_PROXY, NO_PROXY }, "direct"],
    ["set before the first fetch, it counts", SET + GLOBAL, { HTTP_PROXY }, "direct"],
    ["set before a client is made, it counts", SET + OWN_CLIENT, { HTTP_PROXY }, "direct"],
    ["it wins over no_proxy", SET + OWN_CLIENT, { HTTP_PROXY, no_proxy: "x" }, "direct"],
    ["a star is not known", OWN_CLIENT, { HTTP_PROXY, NO_PROXY: "*" }, "proxied"],
    ["ports are not known", OWN_CLIENT, {
      HTTP_PROXY,
      NO_PROXY: `127.0.0.1:${target.addr.port}`,
    }, "proxied"],
    ["a client's own proxy counts", OWN_PROXY, { PROXY }, "proxied"],
    ["but NO_PROXY wins over it", OWN_PROXY, { PROXY, NO_PROXY }, "direct"],
  ];
  const expected = cases.map(([name, , , answer]) => `${name}: ${answer}`);
  const found: string[] = [];
  for (const [name, script, env] of cases) found.push(`${name}: ${await ask(script, url, env)}`);
  assert.deepEqual(found, expected);
  assert.equal(proxied.length, expected.filter((line) => line.endsWith("proxied")).length);
});
