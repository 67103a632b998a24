import assert from "node:assert/strict";
import { cpuUsage } from "node:process";
import fc from "fast-check";
import { Redacted } from "../../../../src/runtime/masking/redacted.ts";
import { logLine } from "../../../../src/telemetry/log/log_line.ts";
import { encodeJwt } from "../../../sandbox/azure/jwt.ts";
import { maskSecrets, namesSecret } from "../../../../src/runtime/masking/mask.ts";

const JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln";
const AUTH = btoa("00000000-0000-0000-0000-000000000000:opaque");

const MIXED = btoa("opaque, and of no form that anybody knows: 0123456789");

const MASKED: [name: string, text: string, masked: string][] = [
  ["a JWT", `token ${JWT} end`, "token [redacted] end"],
  ["a JWT without a signature", "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.", "[redacted]"],
  ["the first piece of a JWT that was cut", JWT.slice(0, 24), "[redacted]"],
  ["a JWT amid letters", `x${JWT}`, "x[redacted]"],
  ["a JWT whose header begins with a blank", `${btoa('{ "alg":1}')}.x.y`, "[redacted]"],
  ["a dockerconfigjson in base64", btoa('{"auths":{}}'), "[redacted]"],
  ["a docker auth value", `auth is ${AUTH}.`, "auth is [redacted]."],
  ["a member auth", '{"auth":"b3BhcXVl","x":1}', '{"auth":"[redacted]","x":1}'],
  [
    "a member of JSON within JSON",
    '\\"password\\": \\"a\\/b\\"',
    '\\"password\\": \\"[redacted]\\"',
  ],
  ["a form field", "refresh_token=abc&service=r", "refresh_token=[redacted]&service=r"],
  ["a header", "Authorization: Bearer abcdefgh12345678", "Authorization: Bearer [redacted]"],
  [
    "a member in the query of a URL",
    "%22password%22%3A%22ab%22",
    "%22password%22%3A%22[redacted]%22",
  ],
  [
    "a member as .NET escapes it",
    "\\u0022auth\\u0022:\\u0022x y\\u0022,",
    "\\u0022auth\\u0022:\\u0022[redacted]\\u0022,",
  ],
  ["a value with escaped quotes", '{"password":"a\\"b","x":1}', '{"password":"[redacted]","x":1}'],
  ["a member of Python", "{'password': 'a b', 'x': 1}", "{'password': '[redacted]', 'x': 1}"],
  ["a password in a URL", "proxy http://user:pass@host/ is", "proxy http://[redacted]@host/ is"],
  ["several tokens", `${JWT},${JWT}`, "[redacted],[redacted]"],
  ["a token in a URL", `https://a/?t=${JWT}&x=1`, "https://a/?t=[redacted]&x=1"],
  ["auth of a dockerconfigjson", `"auth":"${AUTH}"`, '"auth":"[redacted]"'],
  ["no token", "eyJ is how tokens begin", "eyJ is how tokens begin"],
  ["no prose", "Bearer authentication failed for auth", "Bearer authentication failed for auth"],
  ["a run of base64", `is ${MIXED}, x`, "is [redacted], x"],
  ["a run of hexadecimal digits", `is ${"0a".repeat(40)}.`, "is [redacted]."],
  ["hexadecimal digits longer than a digest", `sha256:${"0a".repeat(40)}`, "sha256:[redacted]"],
  ["bytes of JSON", `[${[...MIXED].map((c) => c.charCodeAt(0)).join(", ")}]`, "[redacted]]"],
  ["bytes of a tuple", `(${[...MIXED].map((c) => c.charCodeAt(0)).join(", ")})`, "[redacted])"],
  ["no names", "Secret ns/acr-pull-key of eyJr", "Secret ns/acr-pull-key of eyJr"],
];

Deno.test("mask: hides what looks like a credential, and nothing else", () => {
  assert.deepEqual(MASKED.map(([name, text]) => [name, text, maskSecrets(text)]), MASKED);
});

const SUBSCRIPTION = "/subscriptions/712288dc-f816-4242-b73f-a0a87265dcc8";

/** What messages name things by. */
const READABLE = [
  `r.azurecr.io/a/b@sha256:${"0a1b2c3d".repeat(8)} is not there`,
  `https://r.azurecr.io/v2/a/blobs/sha256%3A${"0a1b2c3d".repeat(8)}`,
  `https://r.azurecr.io/v2/a/blobs/sha256%3a${"0a1b2c3d".repeat(8)}`,
  `sha512:${"0a1b2c3d".repeat(16)}`,
  `${SUBSCRIPTION}/resourceGroups/MC_Prod01_Cluster02_westeurope/providers/` +
  "Microsoft.ManagedIdentity/userAssignedIdentities/MyTeamProdEastUsPullIdentity01",
  `${SUBSCRIPTION.toUpperCase()}/resourceGroups/MC_RG01_AKS02_WESTEUROPE/providers/Microsoft`,
  `${SUBSCRIPTION}/resourcegroups/mc_rg_aks/providers/Microsoft.Compute/virtualMachineScaleSets/` +
  "aks-nodepool1-12345678-vmss/virtualMachines/0",
  "/var/run/secrets/kubernetes.io/serviceaccount/..2026_11_28_10_55_30.1234567890/token_file",
  "/apis/apps/v1/namespaces/msi-acrpull-system/deployments/msi-acrpull-controller-manager",
  "712288dc-f816-4242-b73f-a0a87265dcc8-712288DC-F816-4242-B73F-A0A87265DCC8-and-more",
  `${"a1b2".repeat(15)}.${"very-long-name".repeat(4)}.svc.cluster.local`,
  "ManagedIdentityClientIDAndResourceIDOfTheServiceAccountTokenFileOfTheOperator",
  "AKS_AZURE_POD_IDENTITY_AUTHORITY_HOST_AND_MANAGED_IDENTITY_CLIENT_ID_2026",
  "-".repeat(200),
  "commit 5647b64a0c1d2e3f405162738495a6b7c8d9eaf0, [443 80 6443 8080], {1, 2, 3}",
];

Deno.test("mask: digests, UUIDs, resource IDs, paths and names stay readable", () => {
  assert.deepEqual(READABLE.map((text) => maskSecrets(text)), READABLE);
});

Deno.test("mask: what Azure and connections were seen to say stays readable, but for tokens", async () => {
  const files = ["azure-failures.jsonl", "connection-failures.jsonl"];
  for (const file of files) {
    const text = await Deno.readTextFile(new URL(`../../../data/${file}`, import.meta.url));
    const lines = text.split("\n");
    assert.ok(lines.length > 10, file);
    for (const line of lines) {
      const masked = maskSecrets(line, Infinity);
      // A long run of hexadecimal digits may be a credential, and names of algorithms have such.
      if (/0x[0-9a-f]{60}/.test(line)) continue;
      if (!/eyJ|token|secret|password|bearer/i.test(line)) assert.equal(masked, line);
    }
  }
});

Deno.test("mask: fields of telling names hold secrets, those about secrets do not", () => {
  const yes = ["password", "Authorization", ".dockerconfigjson", "access-token", "token", "auth"];
  const no = ["secret", "tokenExpirationTime", "authority", "name", "audience"];
  assert.deepEqual([...yes, ...no].filter(namesSecret), yes);
});

Deno.test("property: no payload of a token is left, whatever stands around it", () => {
  const around = fc.string({ unit: fc.constantFrom(" ", ",", '"', "\n", "(", ":", "x", "=", "/") });
  fc.assert(
    fc.property(
      around,
      fc.dictionary(fc.string(), fc.jsonValue()),
      around,
      (left, claims, right) => {
        const token = encodeJwt({ ...claims, sub: "someone" });
        const masked = maskSecrets(left + token + right);
        assert.ok(!masked.includes(token.split(".")[1]!));
      },
    ),
  );
});

const segment = (object: Record<string, unknown>) => base64Url(JSON.stringify(object));

function base64Url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Anything of the form of a JWT: a JSON header, a JSON payload, any signature. */
const jwt = fc.tuple(
  fc.record({ alg: fc.constantFrom("RS256", "none", "ES256"), kid: fc.string() }),
  fc.dictionary(fc.string(), fc.string(), { minKeys: 2 }),
  fc.uint8Array({ minLength: 16, maxLength: 64 }),
).map(([header, payload, signature]) =>
  [segment(header), segment(payload), signature.toBase64({ alphabet: "base64url" })].join(".")
);

const prose = fc.string({ unit: fc.constantFrom(..."abc :;,\"'\\\n<>{}[]=&-\t"), maxLength: 40 });

/** The places in which a token could reach a log line. */
const hidings: ((text: string) => { message: string; fields: Record<string, unknown> })[] = [
  (text) => ({ message: text, fields: {} }),
  (text) => ({ message: "m", fields: { detail: text } }),
  (text) => ({ message: "m", fields: { [text]: 1 } }),
  (text) => ({ message: "m", fields: { deep: { list: [{ [text]: text }] } } }),
  (text) => ({ message: "m", fields: { error: new Error(text, { cause: new TypeError(text) }) } }),
  (text) => ({ message: "m", fields: { error: { name: text, message: text, stack: text } } }),
  (text) => ({ message: "m", fields: { map: new Map([[text, new Set([text])]]) } }),
  (text) => ({
    message: "m",
    fields: { url: new URL(`https://h/?q=${encodeURIComponent(text)}`) },
  }),
  (text) => ({ message: "m", fields: { token: text, wrapped: new Redacted(text) } }),
  (text) => ({ message: "m", fields: { body: JSON.stringify({ access_token: text }) } }),
];

Deno.test("mask: no part of a JWT reaches a line, wherever it hides", () => {
  fc.assert(
    fc.property(
      jwt,
      prose,
      prose,
      fc.nat(hidings.length - 1),
      fc.constantFrom("json" as const, "text" as const),
      (token, before, after, hiding, format) => {
        const { message, fields } = hidings[hiding]!(`${before}${token}${after}`);
        const line = logLine({ level: "error", time: 0, message, fields }, {
          format,
          level: "debug",
          stacktraceLevel: "info",
          timeEncoding: "iso8601",
        });
        for (const part of token.split(".")) assert.ok(!line.includes(part), line);
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("mask: no docker auth value reaches a line, whatever the password", () => {
  const password = fc.string({ unit: "binary-ascii", minLength: 12, maxLength: 200 });
  fc.assert(
    fc.property(password, prose, (secret, before) => {
      const auth = btoa(`00000000-0000-0000-0000-000000000000:${secret}`);
      const config = JSON.stringify({ auths: { r: { auth, password: "x" } } });
      for (const text of [auth, config, JSON.stringify(config), btoa(config)]) {
        const masked = maskSecrets(before + text);
        assert.ok(!masked.includes(auth.slice(-12)), masked);
      }
    }),
  );
});

Deno.test("property: mask: a credential that straddles the cut is masked, and the rest is not told", () => {
  fc.assert(
    fc.property(jwt, fc.nat(60), fc.constantFrom(100, 1000, 16_384), (token, before, longest) => {
      const text = `${" ".repeat(longest - before)}Bearer ${token} and more`.padEnd(longest + 5000);
      const masked = longest === 16_384 ? maskSecrets(text) : maskSecrets(text, longest);
      assert.ok(masked.length <= longest + "[redacted]...".length);
      assert.ok(masked.endsWith("..."));
      for (let at = 4; at + 8 < token.length; at++) {
        assert.ok(!masked.includes(token.slice(at, at + 8)), masked.trim());
      }
    }),
  );
});

Deno.test("mask: a megabyte of near misses takes no time to speak of", () => {
  const started = performance.now();
  const used = cpuUsage();
  for (
    const piece of [
      "eyJ",
      "eyJaaaaaaaaaa.",
      '"auth":"',
      "Bearer ",
      "token=",
      '\\"',
      "MDAwMDAw",
      "[1,",
      "[ ",
      "{0x1 ",
      "7b22",
      "aB1-",
      "sha256:0a",
      "ab/",
    ]
  ) {
    maskSecrets(piece.repeat(150_000), Infinity);
  }
  // Others that use the processor make it take longer, and none of them makes it take more.
  assert.ok(Math.min(performance.now() - started, cpuUsage(used).user / 1000) < 5000);
});
