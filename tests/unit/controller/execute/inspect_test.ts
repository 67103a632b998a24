import assert from "node:assert/strict";
import { dockerConfig } from "../../../../src/azure/docker_config.ts";
import { contentOf } from "../../../../src/controller/execute/inspect.ts";
import type { Content } from "../../../../src/controller/plan/snapshot.ts";
import type { Secret } from "../../../../src/kubernetes/resources/built_in.ts";
import type { Stored } from "../../../../src/kubernetes/resources/resource_client.ts";
import { Redacted } from "../../../../src/runtime/masking/redacted.ts";
import { encodeJwt } from "../../../sandbox/azure/jwt.ts";
import { HOUR, NOW, SERVER } from "../builders.ts";

const EXP = (NOW + HOUR) / 1000;
const IAT = NOW / 1000;

function secret(
  change: Partial<Omit<Secret, "metadata">> = {},
  server = SERVER,
  claims: object = {},
): Stored<Secret> {
  const token = new Redacted(encodeJwt({ exp: EXP, iat: IAT, aud: server, ...claims }));
  return {
    metadata: { name: "s", namespace: "team-a", uid: "u", resourceVersion: "1" },
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": btoa(dockerConfig(server, token).reveal()) },
    ...change,
  };
}

const SCOPE = "repository:app:pull";
const purposeOf = (server: string | undefined) =>
  server === undefined ? undefined : { server, scope: SCOPE };

const broken = (why: string, immutable = false): Content => ({ kind: "broken", why, immutable });
const INTACT: Content = { kind: "intact", expiresAt: NOW + HOUR, mintedAt: NOW };
const NO_CREDENTIAL = broken(`holds no intact credential for ${SERVER}`);

const CASES: readonly [what: string, Stored<Secret>, server: string | undefined, Content][] = [
  ["a credential of the operator's is intact", secret(), SERVER, INTACT],
  [
    "a token without iat tells no moment of minting",
    secret({}, SERVER, { iat: undefined }),
    SERVER,
    { kind: "intact", expiresAt: NOW + HOUR },
  ],
  [
    "a token without aud may be for any registry",
    secret({}, SERVER, { aud: undefined }),
    SERVER,
    INTACT,
  ],
  [
    "host names are compared without regard to case",
    secret({}, "Bench.AzureCR.io", { aud: "BENCH.azurecr.io" }),
    "Bench.AzureCR.io",
    INTACT,
  ],
  [
    "another type cannot be mended",
    secret({ type: "Opaque" }),
    SERVER,
    broken('is of type "Opaque"', true),
  ],
  [
    "another type is told in quotes, escaped and cut",
    secret({ type: `a"\n${"b".repeat(200)}` }),
    SERVER,
    broken(`is of type "a\\"\\n${"b".repeat(115)}..."`, true),
  ],
  ["a Secret that is immutable cannot be mended", secret({ immutable: true, data: {} }), SERVER, {
    ...NO_CREDENTIAL,
    immutable: true,
  } as Content],
  [
    "an invalid spec has nothing to compare with",
    secret(),
    undefined,
    broken("has no registry to be compared with"),
  ],
  [
    "a token that claims more than can be compared is not trusted",
    secret({}, SERVER, {
      access: [{ type: "repository", name: `*${"a".repeat(600)}`, actions: ["pull"] }],
    }),
    SERVER,
    broken("holds a token that names more than can be compared"),
  ],
  ["a Secret without data holds none", secret({ data: {} }), SERVER, NO_CREDENTIAL],
  [
    "a Secret with another key holds none",
    secret({ data: { ".dockercfg": btoa("{}") } }),
    SERVER,
    NO_CREDENTIAL,
  ],
  [
    "data that are no base64 hold none",
    secret({ data: { ".dockerconfigjson": "{}" } }),
    SERVER,
    NO_CREDENTIAL,
  ],
  [
    "data that are no JSON hold none",
    secret({ data: { ".dockerconfigjson": btoa("x") } }),
    SERVER,
    NO_CREDENTIAL,
  ],
  [
    "a credential for another registry does not serve",
    secret({}, "other.azurecr.io"),
    SERVER,
    NO_CREDENTIAL,
  ],
  [
    "a token that names another registry serves, and that is worth a word",
    secret({}, SERVER, { aud: "other.azurecr.io" }),
    SERVER,
    { ...INTACT, otherAudience: "other.azurecr.io" } as Content,
  ],
  [
    "the home registry's token serves at a regional endpoint",
    secret({}, "bench.westeurope.geo.azurecr.io", { aud: "bench.azurecr.io" }),
    "bench.westeurope.geo.azurecr.io",
    INTACT,
  ],
  [
    "a token that grants the scope is whole",
    secret({}, SERVER, { access: [{ type: "repository", name: "app", actions: ["pull"] }] }),
    SERVER,
    INTACT,
  ],
  [
    "a token that grants less than the scope tells how much it lacks",
    secret({}, SERVER, { access: [{ type: "repository", name: "app", actions: ["push"] }] }),
    SERVER,
    { ...INTACT, lacking: 1 } as Content,
  ],
  [
    "a token without expiry does not serve",
    secret({}, SERVER, { exp: undefined }),
    SERVER,
    broken("holds a token without expiry"),
  ],
  [
    "a token whose expiry no calendar has does not serve",
    secret({}, SERVER, { exp: 1e300 }),
    SERVER,
    broken("holds a token without expiry"),
  ],
];

for (const [what, stored, server, content] of CASES) {
  Deno.test(`inspect: ${what}`, () =>
    assert.deepEqual(contentOf(stored, purposeOf(server)), content));
}

Deno.test("inspect: a password that is no token does not serve, and is not told", () => {
  const config = dockerConfig(SERVER, new Redacted("hunter2")).reveal();
  const content = contentOf(
    secret({ data: { ".dockerconfigjson": btoa(config) } }),
    purposeOf(SERVER),
  );
  assert.deepEqual(content, broken("holds a token without expiry"));
});
