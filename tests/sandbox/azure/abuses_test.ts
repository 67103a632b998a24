import assert from "node:assert/strict";
import { ANSWER_ABUSES, DRIP_MS, HUGE_BYTES } from "./abuses.ts";
import { connectionFailures } from "../../data/connection_failures.ts";
import { type Claims, decodeJwt } from "./jwt.ts";
import {
  assertion,
  bench,
  entraRequest,
  exchangeRequest,
  identityToken,
  imdsRequest,
  refreshToken,
  REGISTRY,
  START_MS,
  tokenOf,
  tokenRequest,
} from "./requests.ts";

Deno.test("every abuse has its test here", () => {
  assert.deepEqual(ANSWER_ABUSES, [
    "html",
    "empty",
    "no-token",
    "not-a-jwt",
    "no-exp",
    "exp-past",
    "long-token",
    "huge",
    "hang",
    "redirect-302",
    "redirect-307",
    "cut",
    "slow-drip",
  ]);
});

const PLAIN = [
  { name: "html", type: "text/html; charset=utf-8", body: /^<!DOCTYPE html>/ },
  { name: "empty", type: null, body: /^$/ },
  { name: "no-token", type: "application/json", body: /^\{\}$/ },
] as const;

for (const { name, type, body } of PLAIN) {
  Deno.test(`${name} answers 200 from any endpoint, once`, async () => {
    const { azure } = bench();
    azure.fail(name);
    const response = await azure.fetch(imdsRequest());
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), type);
    assert.match(await response.text(), body);
    await identityToken(azure);
    azure.assertClean();
  });
}

const SPOILED: readonly {
  readonly name: string;
  readonly check: (claims: Claims | undefined) => void;
}[] = [
  { name: "not-a-jwt", check: (claims) => assert.equal(claims, undefined) },
  { name: "no-exp", check: (claims) => assert.ok(claims !== undefined && !("exp" in claims)) },
  { name: "long-token", check: (claims) => assert.equal(String(claims?.filler).length, 30_000) },
  { name: "exp-past", check: (claims) => assert.equal(claims?.exp, START_MS / 1000 - 60) },
];

for (const { name, check } of SPOILED) {
  for (const endpoint of ["exchange", "token"] as const) {
    Deno.test(`${name} spoils ${endpoint}'s token, which opens nothing and is a secret`, async () => {
      const { azure } = bench();
      const identity = await identityToken(azure);
      const refresh = await refreshToken(azure);
      azure.fail(name, { endpoint });
      const spoiled = endpoint === "exchange"
        ? await tokenOf(await azure.fetch(exchangeRequest(identity)), "refresh_token")
        : await tokenOf(await azure.fetch(tokenRequest(refresh)), "access_token");
      check(decodeJwt(spoiled));
      assert.ok(azure.issuedTokens().includes(spoiled));
      assert.equal((await azure.fetch(tokenRequest(spoiled))).status, 401);
    });
  }
}

Deno.test("a refusal has no token to spoil and stays as it is", async () => {
  const { azure } = bench();
  azure.fail("no-exp");
  assert.equal((await azure.fetch(exchangeRequest("a.b.c"))).status, 401);
});

Deno.test("huge streams 50 MB of well-formed JSON", async () => {
  const { azure } = bench();
  azure.fail("huge");
  const response = await azure.fetch(imdsRequest());
  let size = 0;
  let head = "";
  let tail = "";
  for await (const chunk of response.body!) {
    size += chunk.length;
    if (head === "") head = new TextDecoder().decode(chunk);
    tail = new TextDecoder().decode(chunk.slice(-4));
  }
  assert.deepEqual([size, head, tail], [HUGE_BYTES, '{"access_token":"', '"}']);
});

Deno.test("huge stops when its reader does", async () => {
  const { azure } = bench();
  azure.fail("huge");
  const reader = (await azure.fetch(imdsRequest())).body!.getReader();
  await reader.read();
  await reader.cancel();
  assert.deepEqual(await reader.read(), { done: true, value: undefined });
});

Deno.test("hang answers never, until the client gives up", async () => {
  const { azure, advance } = bench();
  azure.fail("hang");
  const leaving = new AbortController();
  const hung = azure.fetch(entraRequest({}, undefined, { signal: leaving.signal }));
  let ended = false;
  const outcome = hung.finally(() => ended = true);
  await advance(3_600_000);
  assert.equal(ended, false);
  leaving.abort(new Error("gone"));
  await assert.rejects(outcome, { message: "gone" });
  assert.equal(azure.calls()[0]!.status, undefined);
});

const REDIRECTS = [
  { status: 302, method: "GET", carriedToken: false },
  { status: 307, method: "POST", carriedToken: true },
] as const;

for (const { status, method, carriedToken } of REDIRECTS) {
  const name = `redirect-${status}` as const;
  Deno.test(`${name} is seen by a client that follows none`, async () => {
    const { azure } = bench();
    azure.fail(name, { times: 2 });
    const shown = await azure.fetch(entraRequest({}, undefined, { redirect: "manual" }));
    assert.equal(shown.status, status);
    assert.equal(shown.headers.get("location"), "https://collector.example.net/oauth2/token");
    const refused = azure.fetch(entraRequest({}, undefined, { redirect: "error" }));
    await assert.rejects(refused, { name: "TypeError" });
    azure.assertClean();
  });

  Deno.test(`${name}, followed, is recorded as ${method} and fails the test`, async () => {
    const { azure } = bench();
    azure.fail(name);
    const response = await azure.fetch(entraRequest());
    const request = `${method} https://collector.example.net/oauth2/token`;
    assert.equal(response.status, 200);
    assert.deepEqual(azure.strays(), [{ request, carriedToken }]);
    assert.throws(() => azure.assertClean(), {
      message: `Unexpected calls to the fake Azure:\n  ${request} after a redirect, ` +
        `${carriedToken ? "with" : "without"} a token`,
    });
  });
}

Deno.test("a token in a header that strays is seen too", async () => {
  const { azure } = bench();
  await azure.fetch("https://collector.example.net/", {
    headers: { Authorization: `Bearer ${assertion()}` },
  });
  assert.deepEqual(azure.strays(), [
    { request: "GET https://collector.example.net/", carriedToken: true },
  ]);
});

Deno.test("cut promises the whole body, gives half and breaks off", async () => {
  const { azure } = bench();
  azure.fail("cut", { endpoint: "exchange" });
  const response = await azure.fetch(exchangeRequest(await identityToken(azure)));
  const promised = Number(response.headers.get("content-length"));
  const reader = response.body!.getReader();
  const first = await reader.read();
  assert.equal(first.value?.length, promised >> 1);
  await assert.rejects(reader.read(), { name: "TypeError" });
});

Deno.test("slow-drip gives the usual answer, a byte a second", async () => {
  const { azure, advance } = bench({ registries: [REGISTRY] });
  azure.fail("slow-drip", { endpoint: "exchange" });
  const response = await azure.fetch(exchangeRequest("a.b.c"));
  let read = "";
  const reading = (async () => {
    for await (const chunk of response.body!) read += new TextDecoder().decode(chunk);
  })();
  await advance(3 * DRIP_MS);
  assert.equal(read, '{"e');
  await advance(200 * DRIP_MS);
  await reading;
  assert.equal(JSON.parse(read).errors[0].code, "UNAUTHORIZED");
});

Deno.test("slow-drip breaks off when the client gives up", async () => {
  const { azure } = bench();
  azure.fail("slow-drip");
  const leaving = new AbortController();
  const headers = { Metadata: "true" };
  const response = await azure.fetch(imdsRequest({}, { headers, signal: leaving.signal }));
  const reading = response.text();
  leaving.abort(new Error("gone"));
  await assert.rejects(reading, { message: "gone" });
});

for (const { name, cause } of connectionFailures()) {
  Deno.test(`${name} fails as Deno's fetch was seen to, once`, async () => {
    const { azure } = bench();
    const identity = await identityToken(azure);
    azure.fail(name);
    const url = `https://${REGISTRY}/oauth2/exchange`;
    await assert.rejects(azure.fetch(exchangeRequest(identity)), {
      name: "TypeError",
      message: "fetch failed",
      cause: new Error(cause.replace("{url}", url)),
    });
    assert.equal((await azure.fetch(exchangeRequest(identity))).status, 200);
  });
}
