import assert from "node:assert/strict";
import { routesOf } from "../../../../src/cli/operator/routes.ts";
import { noProxyCases } from "../../../data/no_proxy/cases.ts";
import { fixedCluster } from "../../kubernetes/http/transport_support.ts";

const routes = (env: Record<string, string>, imdsAuthorityHost?: string, usesProxy = true) =>
  routesOf(
    (name) => env[name],
    imdsAuthorityHost === undefined ? {} : { imdsAuthorityHost },
    usesProxy,
  );

const TO_AZURE: [
  name: string,
  env: Record<string, string>,
  url: string,
  route: "direct" | "proxied",
][] = [
  ["a registry", {}, "https://bench.azurecr.io/", "proxied"],
  ["one that NO_PROXY names", { NO_PROXY: "*.azurecr.io" }, "https://bench.azurecr.io/", "direct"],
  ["one that no_proxy names", { no_proxy: "azurecr.io" }, "https://bench.azurecr.io/", "direct"],
  [
    "one that no_proxy names beside an empty NO_PROXY",
    { NO_PROXY: "", no_proxy: "azurecr.io" },
    "https://bench.azurecr.io/",
    "direct",
  ],
  [
    "one that no_proxy names beside a NO_PROXY of others",
    { NO_PROXY: "x", no_proxy: "azurecr.io" },
    "https://bench.azurecr.io/",
    "proxied",
  ],
  ["IMDS, always", {}, "http://169.254.169.254/metadata", "direct"],
];

for (const [name, env, url, route] of TO_AZURE) {
  Deno.test(`routes: ${name}: ${route}`, () => {
    assert.equal(routes(env).toAzure(new URL(url)), route);
  });
}

Deno.test("routes: another IMDS is called without a proxy too, and nothing else at its name", () => {
  const { toAzure } = routes({}, "http://imds.example:8080");
  assert.equal(toAzure(new URL("http://imds.example:8080/metadata")), "direct");
  assert.equal(toAzure(new URL("https://imds.example/")), "proxied");
});

Deno.test("routes: without a proxy all are direct, so that one pool does", () => {
  const { toAzure } = routes({}, undefined, false);
  assert.equal(toAzure(new URL("https://bench.azurecr.io/")), "direct");
});

Deno.test("routes: a pod's API server is called without a proxy, another as NO_PROXY says", () => {
  const to = (env: Record<string, string>, server: string, more = {}) =>
    routes(env).toCluster(fixedCluster(server, more));
  assert.equal(to({}, "https://kubernetes.default.svc", { inCluster: true }), "direct");
  assert.equal(to({}, "https://aks.example"), "proxied");
  assert.equal(to({ NO_PROXY: "10.0.0.0/8" }, "https://10.1.1.1:6443"), "direct");
  assert.equal(to({ NO_PROXY: "" }, "https://127.0.0.1:6443"), "direct");
  const proxy = { url: "http://proxy.example" };
  assert.equal(to({ NO_PROXY: "aks.example" }, "https://aks.example", { proxy }), "proxied");
});

Deno.test("routes: every case of the table that Go computed", () => {
  for (const { noProxy, direct, proxied } of noProxyCases()) {
    const { toCluster } = routes({ NO_PROXY: noProxy });
    const route = (server: string) => toCluster({ server, inCluster: false });
    assert.deepEqual(direct.map(route), direct.map(() => "direct"));
    assert.deepEqual(proxied.map(route), proxied.map(() => "proxied"));
  }
});
