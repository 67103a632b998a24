import assert from "node:assert/strict";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import { CLIENT_ID, type SecretObject } from "./binding_objects.ts";
import { checking } from "./checking.ts";
import { whereGoIs } from "./go_program.ts";
import { pulls } from "./kubelet.ts";
import type { OperatorRig, RigOptions } from "./operator_rig.ts";
import { V1 } from "./v1beta1_objects.ts";
import { specWith, V2 } from "./v1beta2_objects.ts";

const USERNAME = "00000000-0000-0000-0000-000000000000";
const DIGEST = `sha256:${"a".repeat(64)}`;
const LONGEST = [..."abc"].map((letter) => letter.repeat(63)).join(".") +
  `.${"d".repeat(50)}.azurecr.io`;

/** Registries as a binding may name them. */
const FOUND: readonly [what: string, server: string][] = [
  ["in lower case", "bench.azurecr.io"],
  ["in mixed case", "Bench.azurecr.io"],
  ["with a suffix in mixed case", "bench.AzureCR.io"],
  ["in upper case", "BENCH.AZURECR.IO"],
  ["at a regional endpoint", "Bench.WestEurope.geo.azurecr.io"],
  ["with a hash", "bench-A1b2C3.azurecr.io"],
  ["with digits alone", "365.azurecr.io"],
  ["internationalized, as DNS has it", "XN--Bcher-kva.azurecr.io"],
  ["of 253 characters", LONGEST],
];

const NAME = "give the registry's host name, e.g. example.azurecr.io";
const ALONE = "give the host name alone, e.g. example.azurecr.io";
const LIKE = "is no host name; give one like example.azurecr.io";

/** What is written there besides, and what is then said of it. */
const REFUSED: readonly [what: string, server: string, fault: string][] = [
  ["with a port", "bench.azurecr.io:443", `carries a port; ${ALONE}`],
  ["with an empty port", "bench.azurecr.io:", `carries a port; ${ALONE}`],
  ["with a closing slash", "bench.azurecr.io/", `carries a path; ${ALONE}`],
  ["with a path", "Bench.azurecr.io/app", `carries a path; ${ALONE}`],
  ["with a scheme", "https://bench.azurecr.io", `carries a scheme; ${ALONE}`],
  ["with a scheme of images", "OCI://bench.azurecr.io", `carries a scheme; ${ALONE}`],
  [
    "with a closing dot",
    "Bench.azurecr.io.",
    "ends in a dot, which no image name does; give it without",
  ],
  [
    "as a wildcard",
    "*.azurecr.io",
    `is a pattern, and a credential is for one registry; ${NAME}`,
  ],
  [
    "with letters beyond ASCII",
    "B\u00fccher.azurecr.io",
    "has characters beyond ASCII, which no image name has; give xn--bcher-kva.azurecr.io if that " +
    "is meant",
  ],
  ["as an IPv4 address", "10.0.0.1", `is an IP address; ${NAME}`],
  ["as an IPv6 address", "[fd00::1]", `is an IP address; ${NAME}`],
  ["as an IPv6 address without brackets", "fd00::1", `is an IP address; ${NAME}`],
  ["with white space", "bench.azurecr.io ", LIKE],
  ["with an underscore", "my_bench.azurecr.io", LIKE],
  ["without a domain", "bench", LIKE],
  ["that is empty", "", `is empty; ${NAME}`],
];

/**
 * That kubelet finds what the operator writes, for which Go is needed, and that the operator refuses
 * what kubelet cannot find. Every server is allowed.
 */
export function kubeletLookupSuite(test: TestOnApiServer, options: RigOptions = {}): void {
  const allowing = { ...options, args: ["--allowed-acr-server-suffixes=*"] };
  const asking = checking(whereGoIs(test), "kubelet", (rig) => rig, allowing);

  for (const [what, server] of FOUND) {
    asking(
      `finds the credential of a registry ${what}, of either API, by its images`,
      async (rig) => {
        const secrets = await established(rig, server);
        const images = imagesOf(server);
        const pods = secrets.map((secret) => ({ secrets: [secret], images }));
        const both = { secrets, images };
        const answers = await pulls([...pods, both]);
        const passwords = secrets.map((secret) => passwordOf(secret, server));
        const expected = [...passwords.map((each) => [each]), passwords];
        assert.deepEqual(
          answers.map((each) => each.map(({ logins }) => logins.map(({ password }) => password))),
          expected.map((each) => images.map(() => each)),
        );
        const users = answers.flat(2).flatMap(({ logins }) =>
          logins.map(({ username }) => username)
        );
        assert.deepEqual([...new Set(users)], [USERNAME]);
      },
    );
  }

  asking("finds it by no image of another registry", async (rig) => {
    const secrets = await established(rig, "Bench.azurecr.io");
    const images = [
      "other.azurecr.io/app",
      "xbench.azurecr.io/app",
      "a.bench.azurecr.io/app",
      "bench.azurecr.io.evil.example/app",
      "bench.azurecr.io:5000/app",
      "azurecr.io/bench",
      "bench/app",
      "app",
    ];
    const [answers] = await pulls([{ secrets, images }]);
    assert.deepEqual(answers, images.map(() => ({ logins: [] })));
  });

  const check = checking(test, "kubelet", (rig) => new V1(rig), allowing);
  for (const [what, server, fault] of REFUSED) {
    check(`a registry ${what} is refused on the binding in one sentence`, async (v1) => {
      await v1.createAccount("default");
      await v1.createBinding({ spec: { acrServer: server, managedIdentityClientID: CLIENT_ID } });
      const value = server === "" ? "" : `${JSON.stringify(server)} `;
      assert.equal(await v1.errorOnce(), `spec.acrServer ${value}${fault}.`);
      const binding = (await v1.binding())!;
      assert.equal(v1.readiness(binding), "False/InvalidSpec");
      assert.equal(v1.condition(binding, "Stalled"), "True/InvalidSpec");
      assert.equal(await v1.secret(), undefined);
    });
  }
}

/** Secrets of two bindings, one of each API. */
async function established(rig: OperatorRig, server: string): Promise<SecretObject[]> {
  const [v1, v2] = [new V1(rig), new V2(rig)];
  await v1.createAccount("default");
  await v1.createBinding({ spec: { acrServer: server, managedIdentityClientID: CLIENT_ID } });
  await v2.createBinding({ spec: specWith({ acr: { server } }) });
  await Promise.all([v1.ready(), v2.ready()]);
  return [(await v1.secret())!, (await v2.secret())!];
}

/** As pods name them: by the registry in lower case, or as the binding has it. */
function imagesOf(server: string): readonly string[] {
  return [server.toLowerCase(), server].flatMap((host) => [
    `${host}/app`,
    `${host}/app:v1`,
    `${host}/team/app@${DIGEST}`,
    `${host}/team/a/b__c:v1@${DIGEST}`,
  ]);
}

function passwordOf(secret: SecretObject, server: string): string {
  const { auths } = JSON.parse(atob(secret.data![".dockerconfigjson"]!)) as {
    auths: Record<string, { password: string }>;
  };
  return auths[server]!.password;
}
