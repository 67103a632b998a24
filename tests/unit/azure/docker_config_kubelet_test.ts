import assert from "node:assert/strict";
import fc from "fast-check";
import { faultOfHostName } from "../../../src/azure/registry.ts";
import { dockerConfig } from "../../../src/azure/docker_config.ts";
import { lowerAscii } from "../../../src/runtime/text/ascii.ts";
import { Redacted } from "../../../src/runtime/masking/redacted.ts";
import { lackOfGo } from "../../suites/go_program.ts";
import { pulls } from "../../suites/kubelet.ts";
import { needing } from "../../suites/needing.ts";

const LABELS = ["a", "A", "Bench", "b-c", "x--y", "-a", "a-", "azurecr", "io", "1", "*", "", "a_b"];
const name = fc.array(
  fc.oneof(fc.constantFrom(...LABELS), fc.stringMatching(/^[a-zA-Z0-9_-]{1,64}$/)),
  { minLength: 1, maxLength: 4 },
).map((labels) => labels.join("."));
const host = fc.oneof(
  { arbitrary: name, weight: 6 },
  { arbitrary: fc.mixedCase(fc.domain()), weight: 4 },
  fc.webAuthority(),
  fc.ipV4Extended(),
  fc.ipV6(),
  fc.string(),
);
const rarely = (...texts: string[]) =>
  fc.oneof({ arbitrary: fc.constant(""), weight: 3 }, fc.constantFrom(...texts));
const server = fc.tuple(
  rarely("https://", "http://", "[", "*."),
  host,
  rarely(".", ":443", ":", "/", "/app", "/v2/", "]", "%20"),
).map((parts) => parts.join(""));

function secretWith(config: Redacted): unknown {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "acr-pull-a", namespace: "default" },
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": new TextEncoder().encode(config.reveal()).toBase64() },
  };
}

Deno.test({
  ...needing("property: a server for which kubelet finds no credential is refused", lackOfGo()),
  fn: async () => {
    const servers = fc.sample(server, { numRuns: 5000, seed: 1 });
    const answers = await pulls(servers.map((each) => ({
      secrets: [secretWith(dockerConfig(each, new Redacted("t.o.k")))],
      images: [`${each}/app`, `${lowerAscii(each)}/team/app:v1`],
    })));
    const isFound = servers.map((_, index) =>
      answers[index]!.every(({ logins }) => logins.length === 1 && logins[0]!.password === "t.o.k")
    );
    const admitted = servers.map((each) => faultOfHostName(each) === undefined);
    assert.deepEqual(servers.filter((_, index) => admitted[index] && !isFound[index]), []);
    // The samples are of both kinds.
    assert.ok(admitted.filter((each) => each).length > 500);
    assert.ok(isFound.filter((each) => !each).length > 500);
  },
});
