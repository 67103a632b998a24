import assert from "node:assert/strict";
import { cpuUsage } from "node:process";
import fc from "fast-check";
import { notGranted, scopeNotGranted } from "../../../src/azure/granted.ts";
import type { AccessEntry } from "../../../src/azure/jwt.ts";
import { CLIENT_ID, credentialsRig, REGISTRY, settle } from "./support.ts";

const on = (name: string, ...actions: string[]): AccessEntry => ({
  type: "repository",
  name,
  actions,
});
const CATALOG: AccessEntry = { type: "registry", name: "catalog", actions: ["*"] };

const CASES: readonly [
  what: string,
  asked: string,
  access: readonly AccessEntry[] | undefined,
  lacking: readonly string[],
][] = [
  ["no claim says nothing", "repository:a:pull", undefined, []],
  ["what was asked for is all there", "repository:a:pull", [on("a", "pull")], []],
  ["nothing was granted", "repository:a:pull", [], ["repository:a:pull"]],
  ["another repository was", "repository:a:pull", [on("b", "pull")], ["repository:a:pull"]],
  ["another type was", "repository:a:pull", [{ ...on("a", "pull"), type: "registry" }], [
    "repository:a:pull",
  ]],
  ["an action is missing", "repository:a:pull,push", [on("a", "pull")], ["repository:a:push"]],
  [
    "actions come in several entries",
    "repository:a:pull,push",
    [on("a", "push"), on("a", "pull")],
    [],
  ],
  ["one of several scopes is missing", "repository:a:pull repository:b:pull", [on("b", "pull")], [
    "repository:a:pull",
  ]],
  ["several are", "repository:a:pull  repository:b:pull\trepository:c:pull", [on("c", "pull")], [
    "repository:a:pull",
    "repository:b:pull",
  ]],
  ["more was granted", "repository:a:pull", [on("a", "push", "pull"), on("b", "pull")], []],
  ["any action was", "repository:a:pull", [on("a", "*")], []],
  ["any repository was", "repository:team/a:pull", [on("*", "pull")], []],
  ["a part of all repositories was", "repository:team/a:pull", [on("team/*", "pull")], []],
  ["the part is another", "repository:team/a:pull", [on("teams/*", "pull")], [
    "repository:team/a:pull",
  ]],
  ["a wildcard is answered by itself", "repository:*:pull", [on("*", "pull")], []],
  [
    "a wildcard is answered by what was found",
    "repository:team/*:pull",
    [on("team/a", "pull")],
    [],
  ],
  ["what was found is elsewhere", "repository:team/*:pull", [on("other/a", "pull")], [
    "repository:team/*:pull",
  ]],
  ["a wildcard finds nothing", "repository:*:pull", [], ["repository:*:pull"]],
  ["the catalog was asked for and granted", "registry:catalog:*", [CATALOG], []],
  ["the catalog was not granted", "registry:catalog:* repository:a:pull", [on("a", "pull")], [
    "registry:catalog:*",
  ]],
  ["whatever may be done holds pull", "repository:a:*", [on("a", "pull", "metadata_read")], []],
  ["whatever may be done holds no pull", "repository:a:*", [on("a", "metadata_read")], [
    "repository:a:*",
  ]],
  ["case makes no other repository", "repository:Team/A:pull", [on("team/a", "pull")], []],
  ["a name with a colon", "repository:a:b:pull", [on("a:b", "pull")], []],
  ["a text that is no scope says nothing", "pull repository:a :: a:b", [], []],
  ["the empty scope asks for nothing", "", [], []],
];

for (const [what, asked, access, lacking] of CASES) {
  Deno.test(`granted: ${what}`, () => assert.deepEqual(notGranted(asked, access), lacking));
}

Deno.test("property: what was granted as asked lacks nothing, and what was left out is told", () => {
  const name = fc.stringMatching(/^[a-z]{1,6}(\/[a-z]{1,6})?$/);
  const actions = fc.uniqueArray(fc.constantFrom("pull", "push", "delete"), { minLength: 1 });
  const scopes = fc.uniqueArray(fc.record({ name, actions, granted: fc.boolean() }), {
    selector: (scope) => scope.name,
    maxLength: 20,
  });
  fc.assert(
    fc.property(scopes, (all) => {
      const text = (some: typeof all) =>
        some.map((scope) => `repository:${scope.name}:${scope.actions.join(",")}`);
      const granted = all.filter((scope) => scope.granted);
      const access = granted.map((scope) => on(scope.name, ...scope.actions));
      const lacking = notGranted(text(all).join(" "), access);
      assert.deepEqual(lacking, text(all.filter((scope) => !scope.granted)));
    }),
  );
});

Deno.test("granted: a hundred wildcards on either side are compared to the last", () => {
  const asked = Array.from({ length: 100 }, (_, n) => `repository:team/service-${n}/*:pull`);
  const access = Array.from({ length: 99 }, (_, n) => on(`team/service-${n}/*`, "pull"));
  assert.deepEqual(notGranted(asked.join(" "), access), ["repository:team/service-99/*:pull"]);
});

Deno.test("granted: of what would take too long to compare nobody knows", () => {
  const asked = Array.from({ length: 2000 }, (_, n) => `repository:a${n}/*:pull`).join(" ");
  const access = Array.from({ length: 2000 }, (_, n) => on(`b${n}/*`, "pull"));
  assert.equal(notGranted(asked, access), undefined);
  assert.equal(notGranted(asked, "too large"), undefined);
});

/** Attacks on the time of others: what is asked for, and what a token claims to open. */
const ATTACKS: readonly [what: string, asked: string, access: readonly AccessEntry[]][] = [
  [
    "many actions of a long name meet many wildcards",
    `repository:${"a".repeat(8000)}:${words(2000).join(",")}`,
    words(900).map((word) => on(`*${word}`, "*")),
  ],
  [
    "a name of changing case meets many wildcards",
    `repository:${"Aa".repeat(4000)}:${words(2000).join(",")}`,
    words(900).map((word) => on(`*${word}`, "*")),
  ],
  [
    "long wildcards of changing case meet an ordinary scope",
    words(300).map((word) => `repository:${word}:pull`).join(" "),
    words(40).map((word) => on(`*${"Aa".repeat(3500)}${word}`, "*")),
  ],
  [
    "long parts are sought in a longer name",
    `repository:${"a".repeat(8000)}:${words(2000).join(",")}`,
    words(20).map(() => on(`*${"a".repeat(2000)}b*`, "*")),
  ],
  [
    "many stars meet many stars",
    `repository:${"a*".repeat(5000)}:${words(1300).join(",")}`,
    words(300).map((word) => on(`${"*a".repeat(40)}${word}`, "*")),
  ],
  [
    "thousands of actions meet thousands",
    `repository:a*:${words(3000).join(",")}`,
    words(500).map((word) => on("a*", ...words(90).map((other) => `${word}-${other}`))),
  ],
];

function words(count: number): readonly string[] {
  return Array.from({ length: count }, (_, n) => n.toString(36));
}

/** Milliseconds of a processor: other programs use the same. */
const LONGEST_MS = 150;

for (const [what, asked, access] of ATTACKS) {
  Deno.test(`granted: ${what}, and others wait some milliseconds`, () => {
    const times = [1, 2, 3].map(() => {
      const startedAt = cpuUsage();
      notGranted(asked, access);
      const { user, system } = cpuUsage(startedAt);
      return (user + system) / 1000;
    });
    // Collecting garbage or compiling may fall into it: what is slow is slow three times.
    assert.ok(Math.min(...times) <= LONGEST_MS, `${times} ms`);
  });
}

Deno.test("granted: the failure names what is lacking, cut, and the remedy for both kinds of rights", () => {
  const { failure, message } = scopeNotGranted(REGISTRY, [
    "repository:a:pull",
    "repository:b:pull",
  ]);
  assert.deepEqual([failure.class, failure.reason], ["auth-denied", "ScopeNotGranted"]);
  assert.equal(
    message,
    `${REGISTRY} granted less than the scope asks for; the token lacks repository:a:pull, ` +
      "repository:b:pull. Grant the identity AcrPull, or on a registry with ABAC Container " +
      "Registry Repository Reader for these repositories; a new grant takes up to 10 minutes.",
  );
  const many = Array.from({ length: 500 }, (_, n) => `repository:r${n}:pull`);
  assert.ok(scopeNotGranted(REGISTRY, many).message.length < 500);
});

const REQUEST = {
  identity: { kind: "managedIdentity", clientId: CLIENT_ID },
  audience: "https://management.azure.com/",
  server: REGISTRY,
  scope: "repository:a:pull repository:b:pull",
} as const;

Deno.test("granted: a credential tells what it lacks, and is asked for again soon, from a new refresh token", async () => {
  const { time, azure, credentials } = credentialsRig();
  azure.setRegistry(REGISTRY, { grants: (_, scope) => scope === "repository:a:pull" });
  const first = await settle(time, credentials.mint(REQUEST));
  assert.deepEqual(first.lacking, ["repository:b:pull"]);
  await time.pass(9999);
  assert.equal(await settle(time, credentials.mint(REQUEST)), first);
  azure.setRegistry(REGISTRY, {});
  await time.pass(1);
  const second = await settle(time, credentials.mint(REQUEST), 1000);
  assert.equal(second.lacking, undefined);
  assert.deepEqual(azure.counts(), { imds: 1, entra: 0, exchange: 2, token: 2 });
});

Deno.test("granted: a registry whose tokens tell nothing of access is believed", async () => {
  const { time, azure, credentials } = credentialsRig();
  azure.setRegistry(REGISTRY, { grants: () => false, tellsAccess: false });
  assert.equal((await settle(time, credentials.mint(REQUEST))).lacking, undefined);
});
