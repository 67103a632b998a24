import assert from "node:assert/strict";
import { onRoute, type Variables } from "../../../../src/runtime/network/proxy_route.ts";

function variables(values: Record<string, string>): Variables & { values: Record<string, string> } {
  return {
    values,
    get: (name) => values[name],
    set: (name, value) => void (values[name] = value),
    delete: (name) => void delete values[name],
  };
}

Deno.test("route: NO_PROXY is what it was before, set or not, whatever happens", () => {
  for (const before of [{}, { NO_PROXY: "" }, { NO_PROXY: "azurecr.io" }]) {
    const env = variables({ ...before });
    assert.equal(onRoute("proxied", () => env.values.NO_PROXY, env), "");
    assert.deepEqual(env.values, before);
    const fail = () => {
      throw new Error("no client");
    };
    assert.throws(() => onRoute("direct", fail, env), /no client/);
    assert.deepEqual(env.values, before);
  }
});

const MODULE = new URL("../../../../src/runtime/network/proxy_route.ts", import.meta.url).href;
const PROGRAM = `
const { onRoute } = await import(${JSON.stringify(MODULE)});
const clients = {};
for (const route of ["direct", "proxied"]) {
  clients[route] = onRoute(route, () => Deno.createHttpClient(JSON.parse(Deno.env.get("OPTIONS"))));
}
for (const [route, client] of Object.entries(clients)) {
  for (const url of Deno.env.get("URLS").split(" ")) {
    const answer = await fetch(url, { client }).then(
      (response) => response.text(),
      (error) => error.cause.message.includes("tunnel") ? "proxied" : "direct",
    );
    console.log(route + " " + new URL(url).hostname + ": " + answer);
  }
}
Deno.exit();
`;

/** What each route's client called, in a process of its own: Deno reads the variables there. */
async function called(env: Record<string, string>, urls: string[], options = {}) {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", PROGRAM],
    clearEnv: true,
    env: {
      NO_COLOR: "1",
      DENO_NO_UPDATE_CHECK: "1",
      URLS: urls.join(" "),
      OPTIONS: JSON.stringify(options),
      ...env,
    },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trimEnd().split("\n");
}

Deno.test("route: Deno's client takes it for names and addresses, whatever NO_PROXY says", async () => {
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  await using target = Deno.serve(options, () => new Response("direct"));
  await using proxy = Deno.serve(
    options,
    (request) =>
      request.method === "CONNECT" ? new Response(null, { status: 403 }) : new Response("proxied"),
  );
  const { port } = target.addr;
  const urls = [
    `http://127.0.0.1:${port}/`,
    `http://localhost:${port}/`,
    "https://registry.invalid/",
  ];
  const url = `http://127.0.0.1:${proxy.addr.port}`;
  const expected = ["direct", "proxied"].flatMap((route) =>
    ["127.0.0.1", "localhost", "registry.invalid"].map((host) => `${route} ${host}: ${route}`)
  );
  for (const noProxy of [undefined, "", "127.0.0.1,localhost,invalid", "elsewhere"]) {
    const variables = noProxy === undefined ? {} : { NO_PROXY: noProxy, no_proxy: noProxy };
    const env = { HTTP_PROXY: url, HTTPS_PROXY: url, ...variables };
    assert.deepEqual(await called(env, urls), expected, `NO_PROXY=${noProxy}`);
  }
  // A proxy of the client's own is a route like that of the environment.
  assert.deepEqual(await called({ NO_PROXY: "localhost" }, urls, { proxy: { url } }), expected);
});
