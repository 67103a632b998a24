import assert from "node:assert/strict";
import fc from "fast-check";
import { dockerConfig, passwordIn } from "../../../src/azure/docker_config.ts";
import { Redacted } from "../../../src/runtime/masking/redacted.ts";
import { SERVER } from "../controller/builders.ts";

const USER = "00000000-0000-0000-0000-000000000000";
const read = (config: unknown, server = SERVER) => {
  const text = typeof config === "string" ? config : JSON.stringify(config);
  return passwordIn(new Redacted(text), server)?.reveal();
};

Deno.test("docker config: a credential is written as the reference writes it, byte for byte", () => {
  assert.equal(
    dockerConfig(SERVER, new Redacted("t.o.k")).reveal(),
    `{"auths":{"${SERVER}":{"username":"${USER}","password":"t.o.k",` +
      `"email":"msi-acrpull@azurecr.io","auth":"${btoa(`${USER}:t.o.k`)}"}}}`,
  );
});

Deno.test("docker config: kubelet finds a server by the binding's case, and in lower case", () => {
  const { auths } = JSON.parse(dockerConfig("Bench.AzureCR.io", new Redacted("t.o.k")).reveal());
  assert.deepEqual(Object.keys(auths), ["Bench.AzureCR.io", "bench.azurecr.io"]);
  assert.deepEqual(auths["bench.azurecr.io"], auths["Bench.AzureCR.io"]);
  assert.equal(read({ auths }, "Bench.AzureCR.io"), "t.o.k");
  const asTheReference = { auths: { "Bench.AzureCR.io": SOUND } };
  assert.equal(read(asTheReference, "Bench.AzureCR.io"), "t");
});

Deno.test("docker config: two entries of one server that differ are somebody else's", () => {
  const other = { ...SOUND, password: "u", auth: btoa(`${USER}:u`) };
  const config = { auths: { "Bench.AzureCR.io": SOUND, [SERVER]: other } };
  assert.equal(read(config, "Bench.AzureCR.io"), undefined);
});

Deno.test("docker config: neither the credential nor the whole can be printed by accident", () => {
  const config = dockerConfig(SERVER, new Redacted("t.o.k"));
  assert.equal(
    `${config} ${JSON.stringify({ config })} ${Deno.inspect(config)}`.includes("t.o.k"),
    false,
  );
});

const SOUND = { username: USER, password: "t", auth: btoa(`${USER}:t`) };
const CASES: readonly [what: string, config: unknown, password?: string][] = [
  ["what an earlier release wrote without email is read", { auths: { [SERVER]: SOUND } }, "t"],
  ["text that is no JSON holds none", "{"],
  ["the empty text holds none", ""],
  ["JSON null holds none", "null"],
  ["a list holds none", "[]"],
  ["auths that is no object holds none", { auths: "x" }],
  ["auths that is null holds none", { auths: null }],
  ["a credential for another registry does not serve", { auths: { "other.azurecr.io": SOUND } }],
  [
    "a second registry beside it was somebody else's wish",
    { auths: { [SERVER]: SOUND, "docker.io": SOUND } },
  ],
  ["an entry without password holds none", { auths: { [SERVER]: { ...SOUND, password: 1 } } }],
  ["another user name holds none", { auths: { [SERVER]: { ...SOUND, username: "me" } } }],
  ["auth that tells another password holds none", { auths: { [SERVER]: { ...SOUND, auth: "x" } } }],
  [
    "a password beyond Latin-1 is none of ours",
    { auths: { [SERVER]: { ...SOUND, password: "\u4e2d" } } },
  ],
  ["members of every object's prototype are none", { auths: {} }],
];

for (const [what, config, password] of CASES) {
  Deno.test(`docker config: ${what}`, () => assert.equal(read(config), password));
}

Deno.test("docker config: a server that is named like a member of every object is not found", () => {
  assert.equal(read({ auths: {} }, "constructor"), undefined);
});

Deno.test("property: what is written is read again, for its own server alone", () => {
  const latin = fc.string({ unit: "binary-ascii" });
  fc.assert(
    fc.property(latin, fc.domain(), fc.domain(), (password, server, other) => {
      const config = dockerConfig(server, new Redacted(password));
      assert.equal(passwordIn(config, server)?.reveal(), password);
      if (other !== server) assert.equal(passwordIn(config, other), undefined);
    }),
  );
});

Deno.test("property: reading never throws, whatever the text", () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.jsonValue().map((auths) => JSON.stringify({ auths })),
  );
  fc.assert(fc.property(text, (config) => assert.equal(read(config), undefined)));
});
