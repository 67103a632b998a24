import assert from "node:assert/strict";
import { systemClock } from "../../../src/runtime/time/clock.ts";
import { azureFailure, failureBody } from "../../data/failures.ts";
import { FakeAzure } from "./azure.ts";
import type { Front } from "./front.ts";
import { ARM, CLIENT_ID, entraRequest, imdsRequest, TENANT_ID } from "./requests.ts";

/** What the child prints for each of its steps, by name. */
type Outcomes = Readonly<Record<string, Outcome>>;

/** A body of more than 9,999 characters is shown by its size. */
interface Outcome {
  readonly status?: number;
  readonly body?: string;
  readonly size?: number;
  readonly error?: string;
}

/** One request of the child. `TOKEN` in the form stands for the token of the step `imds`. */
interface Step {
  readonly name: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly redirect?: RequestRedirect;
  readonly timeoutMs?: number;
}

/** The child: takes its steps from the environment, prints their outcomes as JSON. */
const CHILD = `
  const outcomes = {};
  let token = "";
  for (const { name, url, headers, form, redirect, timeoutMs } of JSON.parse(Deno.env.get("STEPS"))) {
    if (form?.access_token === "TOKEN") form.access_token = token;
    try {
      const response = await fetch(url, {
        ...(form ? { method: "POST", body: new URLSearchParams(form) } : {}),
        headers: headers ?? {},
        redirect: redirect ?? "follow",
        signal: timeoutMs ? AbortSignal.timeout(timeoutMs) : null,
      });
      const body = await response.text();
      if (name === "imds") token = JSON.parse(body).access_token;
      outcomes[name] = { status: response.status, ...(body.length > 9999 ? { size: body.length } : { body }) };
    } catch (error) {
      outcomes[name] = { error: error.name };
    }
  }
  console.log(JSON.stringify(outcomes));
`;

/** Runs the steps in a process of its own, which knows the front by its environment alone. */
async function runChild(front: Front, steps: readonly Step[]): Promise<Outcomes> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/ca.pem`, front.caPem);
    await Deno.writeTextFile(`${directory}/child.ts`, CHILD);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--no-check", "--allow-net", "--allow-env", "child.ts"],
      cwd: directory,
      env: { ...front.env, DENO_CERT: `${directory}/ca.pem`, STEPS: JSON.stringify(steps) },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function imdsStep(front: Front): Step {
  const { pathname, search } = new URL(imdsRequest().url);
  return { name: "imds", url: front.imdsUrl + pathname + search, headers: { Metadata: "true" } };
}

function exchangeStep(name: string, more: Partial<Step> = {}, registry = "bench.azurecr.io"): Step {
  return {
    name,
    url: `https://${registry}/oauth2/exchange`,
    form: {
      grant_type: "access_token",
      service: registry.replace(".westeurope.geo.", "."),
      access_token: "TOKEN",
    },
    ...more,
  };
}

Deno.test("another process reaches IMDS, Entra and registries of any kind", async () => {
  const azure = new FakeAzure({ clock: systemClock });
  await using front = await azure.listen();
  const form = Object.fromEntries(new URLSearchParams(await entraRequest().text()));
  const outcomes = await runChild(front, [
    imdsStep(front),
    exchangeStep("plain"),
    exchangeStep("again"),
    exchangeStep("regional", {}, "bench.westeurope.geo.azurecr.io"),
    exchangeStep("china", {}, "registry.azurecr.cn"),
    {
      name: "entra",
      url: `https://login.microsoftonline.us/${TENANT_ID}/oauth2/v2.0/token`,
      form: { ...form, client_assertion: "opaque" },
    },
  ]);
  const statuses = Object.entries(outcomes).map(([name, { status }]) => [name, status]);
  assert.deepEqual(Object.fromEntries(statuses), {
    imds: 200,
    plain: 200,
    again: 200,
    regional: 200,
    china: 200,
    entra: 400,
  });
  assert.deepEqual(azure.violations(), ["entra: client_assertion is no JWT"]);
  assert.deepEqual(azure.counts(), { imds: 1, entra: 1, exchange: 4, token: 0 });
  assert.deepEqual({ ...azure.calls()[1], at: 0 }, {
    kind: "exchange",
    at: 0,
    registry: "bench.azurecr.io",
    who: CLIENT_ID,
    audience: ARM,
    status: 200,
  });
  azure.assertNoUnexpected();
});

Deno.test("failures and abuses keep their nature on the network", async () => {
  const azure = new FakeAzure({ clock: systemClock });
  await using front = await azure.listen();
  const names = ["acr-firewall", "empty", "huge", "cut", "dns", "hang", "redirect-307"];
  for (const name of names) azure.fail(name, { endpoint: "exchange" });
  const outcomes = await runChild(front, [
    imdsStep(front),
    ...names.slice(0, 5).map((name) => exchangeStep(name)),
    exchangeStep("hang", { timeoutMs: 100 }),
    exchangeStep("redirect-307"),
    exchangeStep("afterwards"),
  ]);
  assert.deepEqual(outcomes["acr-firewall"], {
    status: 403,
    body: failureBody(azureFailure("acr-firewall")),
  });
  assert.deepEqual(outcomes["empty"], { status: 200, body: "" });
  assert.deepEqual(outcomes["huge"], { status: 200, size: 50 * 1024 * 1024 });
  assert.deepEqual(outcomes["cut"], { error: "TypeError" });
  assert.deepEqual(outcomes["dns"], { error: "TypeError" });
  assert.deepEqual(outcomes["hang"], { error: "TimeoutError" });
  assert.equal(outcomes["afterwards"]!.status, 200);
  assert.deepEqual(azure.strays(), [
    { request: "POST https://collector.example.net/oauth2/token", carriedToken: true },
  ]);
  azure.assertNoViolations();
  azure.assertFailuresMet();
});

Deno.test("the proxy refuses and reports every host but Azure's, and IMDS above all", async () => {
  const azure = new FakeAzure({ clock: systemClock });
  await using front = await azure.listen();
  const proxied = { ...front, env: { ...front.env, HTTP_PROXY: front.proxyUrl } };
  const outcomes = await runChild(proxied, [
    { name: "stranger", url: "https://evil.example.com/oauth2/exchange" },
    { name: "imds", url: `${imdsRequest().url}&note=secret`, headers: { Metadata: "true" } },
  ]);
  assert.deepEqual(outcomes["stranger"], { error: "TypeError" });
  assert.notEqual(outcomes["imds"]!.status, 200);
  assert.deepEqual(azure.unexpected(), [
    "CONNECT evil.example.com:443 through the proxy",
    "GET http://169.254.169.254/metadata/identity/oauth2/token through the proxy",
  ]);
  assert.deepEqual(azure.calls(), []);
});

Deno.test("the proxy refuses a registry that nobody has made, and finds nothing strange in it", async () => {
  const azure = new FakeAzure({
    clock: systemClock,
    registries: ["bench.azurecr.io"],
    otherRegistries: "name-not-found",
  });
  await using front = await azure.listen();
  const outcomes = await runChild(front, [
    exchangeStep("misspelt", {}, "bnech.azurecr.io"),
    exchangeStep("stranger", {}, "bench.example.com"),
  ]);
  assert.deepEqual(Object.values(outcomes), [{ error: "TypeError" }, { error: "TypeError" }]);
  assert.deepEqual(azure.unexpected(), ["CONNECT bench.example.com:443 through the proxy"]);
});

Deno.test("a process that hangs up at IMDS frees its places", async () => {
  const azure = new FakeAzure({ clock: systemClock });
  await using front = await azure.listen();
  azure.fail("hang", { times: 5 });
  const { url, headers } = imdsStep(front);
  const leaving = new AbortController();
  const hung = Array.from(
    { length: 5 },
    () => fetch(url, { headers: { ...headers }, signal: leaving.signal }),
  );
  while (azure.counts().imds < 5) await new Promise((resolve) => setTimeout(resolve, 1));
  leaving.abort();
  for (const one of hung) await assert.rejects(one, { name: "AbortError" });
  const status = await firstUnthrottled(() => fetch(url, { headers: { ...headers } }));
  assert.equal(status, 200);
});

Deno.test("closing breaks off what hangs, frees the ports and may be repeated", async () => {
  const azure = new FakeAzure({ clock: systemClock });
  const ending = new AbortController();
  const front = await azure.listen({ signal: ending.signal });
  azure.fail("hang");
  const { url, headers } = imdsStep(front);
  const hung = fetch(url, { headers: { ...headers } }).then((response) => response.text());
  const outcome = assert.rejects(hung, { name: "TypeError" });
  const tunnel = await Deno.connect({ port: Number(new URL(front.proxyUrl).port) });
  while (azure.counts().imds < 1) await new Promise((resolve) => setTimeout(resolve, 1));
  ending.abort();
  await front.close();
  await front.close();
  await outcome;
  assert.equal(await tunnel.read(new Uint8Array(1)), null);
  tunnel.close();
  for (const port of [front.imdsUrl, front.proxyUrl].map((at) => Number(new URL(at).port))) {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
  }
});

Deno.test("a taken port is refused, and nothing is left open", async () => {
  const azure = new FakeAzure({ clock: systemClock });
  await using front = await azure.listen();
  const proxyPort = Number(new URL(front.proxyUrl).port);
  const imdsPort = Number(new URL(front.imdsUrl).port);
  await assert.rejects(azure.listen({ proxyPort }), Deno.errors.AddrInUse);
  await assert.rejects(azure.listen({ imdsPort }), Deno.errors.AddrInUse);
});

/** The server learns of a hang-up a moment after the client: until then the place is taken. */
async function firstUnthrottled(send: () => Promise<Response>): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const response = await send();
    await response.body?.cancel();
    if (response.status !== 429) return response.status;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return 429;
}
