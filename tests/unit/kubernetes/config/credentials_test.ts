import assert from "node:assert/strict";
import {
  basic,
  CachedCredentials,
  FixedCredentials,
  tokenFileCredentials,
} from "../../../../src/kubernetes/config/credentials.ts";
import { tokenExpiry } from "../../../../src/kubernetes/config/token_expiry.ts";
import type { ClusterCredentials } from "../../../../src/kubernetes/config/types.ts";
import { Redacted } from "../../../../src/runtime/masking/redacted.ts";
import { fakeClock, jwt, rejection, START } from "../http/transport_support.ts";

function header(credentials: ClusterCredentials): string | undefined {
  return credentials.authorization?.reveal();
}

/** A provider over a file whose text the test changes; counts the reads. */
function tokenFile(text: string) {
  const clock = fakeClock();
  const file = { text, reads: 0 };
  const provider = tokenFileCredentials(clock, () => {
    file.reads++;
    return Promise.resolve(new Redacted(file.text));
  });
  return { clock, file, provider };
}

Deno.test("a token file is read again when what was read is a minute old", async () => {
  const { clock, file, provider } = tokenFile("one");
  assert.equal(header(await provider.get()), "Bearer one");
  file.text = "two";
  await clock.tick(59_999);
  assert.equal(header(await provider.get()), "Bearer one");
  await clock.tick(1);
  assert.equal(header(await provider.get()), "Bearer two");
  assert.equal(file.reads, 2);
});

Deno.test("a token file is read again 10 s before the token expires", async () => {
  const { clock, file, provider } = tokenFile(jwt(START + 30_000));
  await provider.get();
  await clock.tick(19_999);
  await provider.get();
  assert.equal(file.reads, 1);
  await clock.tick(1);
  await provider.get();
  assert.equal(file.reads, 2);
});

Deno.test("a token file is read again at once when the server has refused the token", async () => {
  const { file, provider } = tokenFile("one");
  const used = await provider.get();
  file.text = "two";
  provider.invalidate(used);
  const fresh = await provider.get();
  assert.equal(header(fresh), "Bearer two");
  provider.invalidate(used);
  assert.equal(await provider.get(), fresh, "a late refusal of the old one changes nothing");
  assert.equal(file.reads, 2);
});

Deno.test("an expired token is handed out, for the server's clock decides", async () => {
  const token = jwt(START - 1000);
  const { file, provider } = tokenFile(token);
  assert.equal(header(await provider.get()), `Bearer ${token}`);
  await provider.get();
  assert.equal(file.reads, 2);
});

Deno.test("those who ask at the same time share one fetch, and one may give up alone", async () => {
  let finish = (_: ClusterCredentials) => {};
  let fetches = 0;
  const provider = new CachedCredentials(fakeClock(), () => {
    fetches++;
    return new Promise((resolve) =>
      finish = (credentials) => resolve({ credentials, freshUntilMs: Infinity })
    );
  });
  const abort = new AbortController();
  const first = rejection(provider.get(abort.signal));
  const second = provider.get();
  const reason = new Error("gave up");
  abort.abort(reason);
  assert.equal(await first, reason);
  const credentials = { authorization: new Redacted("x") };
  finish(credentials);
  assert.equal(await second, credentials);
  assert.equal(await provider.get(), credentials);
  assert.equal(fetches, 1);
});

Deno.test("a fetch that fails is told to all who wait, and the next one tries again", async () => {
  const fault = new Error("no file");
  const results = [
    () => Promise.reject(fault),
    () => Promise.resolve({ credentials: {}, freshUntilMs: Infinity }),
  ];
  const provider = new CachedCredentials(fakeClock(), () => results.shift()!());
  const both = [rejection(provider.get()), rejection(provider.get())];
  assert.deepEqual(await Promise.all(both), [fault, fault]);
  assert.deepEqual(await provider.get(), {});
});

Deno.test("a signal that has aborted fetches nothing", async () => {
  const provider = new CachedCredentials(fakeClock(), () => Promise.reject(new Error("fetched")));
  const reason = new Error("too late");
  assert.equal(await rejection(provider.get(AbortSignal.abort(reason))), reason);
});

Deno.test("fixed credentials stay as they are", async () => {
  const credentials = { authorization: basic("ada", new Redacted("p\u00e4ss:word")) };
  const provider = new FixedCredentials(credentials);
  provider.invalidate();
  assert.equal(await provider.get(), credentials);
  assert.equal(header(credentials), "Basic YWRhOnDDpHNzOndvcmQ=");
});

const EXPIRIES: [name: string, token: string, expected: number | undefined][] = [
  ["a JWT with exp", jwt(START), START],
  ["a JWT without exp", "e30.e30.sig", undefined],
  [
    "a JWT whose exp is a string",
    `e30.${btoa('{"exp":"soon"}').replaceAll("=", "")}.sig`,
    undefined,
  ],
  ["an opaque token", "0123456789abcdef", undefined],
  ["an opaque token with two dots", "a.b.c", undefined],
  ["a payload that is a list", "e30.W10.sig", undefined],
];

for (const [name, token, expected] of EXPIRIES) {
  Deno.test(`expiry of ${name}`, () => {
    assert.equal(tokenExpiry(new Redacted(token)), expected);
  });
}
