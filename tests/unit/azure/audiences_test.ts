import assert from "node:assert/strict";
import { type AudiencePolicy, Audiences } from "../../../src/azure/audiences.ts";
import { ACR_AUDIENCE } from "../../../src/azure/clouds.ts";
import type { CredentialRequest } from "../../../src/azure/credential_request.ts";
import { AzureError, type AzureFailure } from "../../../src/azure/errors.ts";
import { type AllowedSuffixes, DEFAULT_SUFFIXES } from "../../../src/azure/registry.ts";
import { decodeJwt } from "../../sandbox/azure/jwt.ts";
import type { FakeAzureOptions, RegistryRules } from "../../sandbox/azure/options.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";
import {
  ARM,
  CLIENT_ID,
  credentialsRig,
  REGISTRY,
  rejection,
  SCOPE,
  settle,
  TENANT_ID,
} from "./support.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ACR = ACR_AUDIENCE;
const SET = "https://management.core.windows.net/";
const OTHER_TENANT = "2c571416-39cf-4382-8feb-ce0ae3f35362";

const NODE: CredentialRequest = {
  identity: { kind: "managedIdentity", clientId: CLIENT_ID },
  audience: ARM,
  server: REGISTRY,
  scope: SCOPE,
};

function federated(tenantId = TENANT_ID, namespace = "team-a"): CredentialRequest {
  return {
    ...NODE,
    identity: {
      kind: "workloadIdentity",
      authorityHost: "login.microsoftonline.com",
      tenantId,
      clientId: CLIENT_ID,
      serviceAccount: { namespace, name: "default", uid: "u-1" },
    },
  };
}

interface Case {
  readonly what: string;
  readonly policy?: AudiencePolicy;
  readonly request?: CredentialRequest;
  readonly rules?: RegistryRules;
  readonly azure?: Partial<FakeAzureOptions>;
  /** Audience of each call for an Entra token, over two credentials of one registry. */
  readonly asked: readonly string[];
  /** Audience of each token that the registry was shown, with its answer. */
  readonly shown: readonly string[];
  /** Reason of the error, of both credentials. */
  readonly error?: string;
}

const AUTO: AudiencePolicy = { kind: "auto" };
const NOWHERE = { knowsAcrAudience: () => false };
const CASES: readonly Case[] = [
  {
    what: "auto offers the registry's own audience, and no ARM token goes where it is taken",
    asked: [ACR],
    shown: [`${ACR} 200`, `${ACR} 200`],
  },
  {
    what: "auto offers ARM's where IMDS does not know the registry's own, and remembers",
    azure: NOWHERE,
    asked: [ACR, ARM],
    shown: [`${ARM} 200`, `${ARM} 200`],
  },
  {
    what: "auto offers ARM's where Entra does not know the registry's own, and remembers",
    request: { ...federated(), audience: SET },
    azure: NOWHERE,
    asked: [ACR, SET, SET],
    shown: [`${SET} 200`, `${SET} 200`],
  },
  {
    what: "auto offers ARM's where the registry refuses its own, and remembers",
    rules: { refuseAcrAudience: true },
    asked: [ACR, ARM],
    shown: [`${ACR} 401`, `${ARM} 200`, `${ARM} 200`],
  },
  {
    what: "auto takes the registry's own where ARM's is refused, without asking for ARM's",
    rules: { refuseArmAudience: true },
    asked: [ACR],
    shown: [`${ACR} 200`, `${ACR} 200`],
  },
  {
    what: "auto tells of the missing role where both are refused, and shows no second ARM token",
    rules: { admits: () => false },
    asked: [ACR, ARM, ACR],
    shown: [`${ACR} 401`, `${ARM} 401`, `${ACR} 401`],
    error: "RegistryDenied",
  },
  {
    what: "auto tells of the missing role where only ARM's is known, and remembers that",
    rules: { admits: () => false },
    azure: NOWHERE,
    asked: [ACR, ARM, ARM],
    shown: [`${ARM} 401`, `${ARM} 401`],
    error: "RegistryDenied",
  },
  {
    what: "auto tells of the missing role where the registry refuses its own and ARM's is unknown",
    request: { ...NODE, audience: "https://management.wrong.example" },
    rules: { refuseAcrAudience: true },
    asked: [ACR, "https://management.wrong.example", ACR, "https://management.wrong.example"],
    shown: [`${ACR} 401`, `${ACR} 401`],
    error: "RegistryDenied",
  },
  {
    what: "auto tells of an unknown audience where neither is known",
    request: { ...NODE, audience: "https://management.wrong.example" },
    azure: NOWHERE,
    asked: [ACR, "https://management.wrong.example", ACR, "https://management.wrong.example"],
    shown: [],
    error: "AudienceUnknown",
  },
  {
    what: "an audience that somebody set goes before the registry's own",
    request: { ...NODE, audience: SET, audienceIsSet: true },
    asked: [SET],
    shown: [`${SET} 200`, `${SET} 200`],
  },
  {
    what: "the registry's own is offered where it refuses what somebody set, and remembered",
    request: { ...NODE, audience: SET, audienceIsSet: true },
    rules: { refuseArmAudience: true },
    asked: [SET, ACR],
    shown: [`${SET} 401`, `${ACR} 200`, `${ACR} 200`],
  },
  {
    what: "the missing role is told where what somebody set is refused and the own is unknown",
    request: { ...NODE, audience: SET, audienceIsSet: true },
    rules: { admits: () => false },
    azure: NOWHERE,
    asked: [SET, ACR, SET, ACR],
    shown: [`${SET} 401`, `${SET} 401`],
    error: "RegistryDenied",
  },
  {
    what: "the registry's own audience, set by somebody, is offered once",
    request: { ...NODE, audience: ACR, audienceIsSet: true },
    rules: { admits: () => false },
    asked: [ACR, ACR],
    shown: [`${ACR} 401`, `${ACR} 401`],
    error: "RegistryDenied",
  },
  {
    what: "arm offers the ARM audience alone",
    policy: { kind: "arm" },
    rules: { refuseArmAudience: true },
    asked: [ARM, ARM],
    shown: [`${ARM} 401`, `${ARM} 401`],
    error: "RegistryDenied",
  },
  {
    what: "acr offers the registry's own audience alone",
    policy: { kind: "acr" },
    request: { ...NODE, audience: SET, audienceIsSet: true },
    asked: [ACR],
    shown: [`${ACR} 200`, `${ACR} 200`],
  },
  {
    what: "a fixed audience is offered whatever the cloud's is",
    policy: { kind: "fixed", audience: SET },
    asked: [SET],
    shown: [`${SET} 200`, `${SET} 200`],
  },
];

for (const { what, policy = AUTO, request = NODE, rules = {}, ...rest } of CASES) {
  Deno.test(`audiences: ${what}`, async () => {
    const { time, azure, credentials } = credentialsRig({
      audiencePolicy: policy,
      azure: rest.azure ?? {},
    });
    azure.setRegistry(REGISTRY, rules);
    for (let round = 0; round < 2; round++) {
      // Past the sharing of refresh tokens, within the life of node tokens.
      await time.pass(6 * MINUTE);
      const outcome = credentials.mint(request).then(() => undefined, (e) => e.failure.reason);
      assert.equal(await settle(time, outcome, 1000), rest.error);
    }
    const calls = azure.calls();
    const asked = calls.filter(({ kind }) => kind === "imds" || kind === "entra");
    assert.deepEqual(asked.map(({ audience }) => audience), rest.asked);
    const shown = calls.filter(({ kind }) => kind === "exchange");
    assert.deepEqual(shown.map(({ audience, status }) => `${audience} ${status}`), rest.shown);
    azure.assertClean();
  });
}

Deno.test("audiences: what one registry refuses says nothing of another", async () => {
  const { time, azure, credentials } = credentialsRig();
  azure.setRegistry(REGISTRY, { refuseAcrAudience: true });
  await settle(time, credentials.mint(NODE), 1000);
  const request = { ...NODE, server: "other.azurecr.io", scope: "" };
  const other = await settle(time, credentials.mint(request), 10);
  assert.equal(decodeJwt(other.password.reveal())!.arm, ACR);
});

Deno.test("audiences: what one tenant of Entra does not know says nothing of another's, nor of IMDS", async () => {
  const { time, azure, credentials } = credentialsRig({
    azure: { knowsAcrAudience: (tenant) => tenant !== OTHER_TENANT },
  });
  await settle(time, credentials.mint(federated(OTHER_TENANT)), 1000);
  await settle(time, credentials.mint(federated(TENANT_ID, "team-b")), 1000);
  await settle(time, credentials.mint(NODE), 1000);
  const shown = azure.calls().filter(({ kind }) => kind === "exchange");
  assert.deepEqual(shown.map(({ audience }) => audience), [ARM, ACR, ACR]);
});

Deno.test("audiences: what was refused is offered again after an hour", async () => {
  const { time, azure, credentials } = credentialsRig();
  azure.setRegistry(REGISTRY, { refuseAcrAudience: true });
  await settle(time, credentials.mint(NODE), 1000);
  azure.setRegistry(REGISTRY, {});
  const shown: (string | undefined)[] = [];
  for (const at of [50 * MINUTE, HOUR + 2000]) {
    await time.passUntil(at);
    await settle(time, credentials.mint(NODE), 1000);
    shown.push(azure.calls().findLast(({ kind }) => kind === "exchange")!.audience);
  }
  assert.deepEqual(shown, [ARM, ACR]);
});

Deno.test("audiences: where ARM's has been refused since, the registry's own is offered again", async () => {
  const { time, azure, credentials } = credentialsRig();
  azure.setRegistry(REGISTRY, { refuseAcrAudience: true });
  await settle(time, credentials.mint(NODE), 1000);
  azure.setRegistry(REGISTRY, { refuseArmAudience: true });
  await time.pass(6 * MINUTE);
  await settle(time, credentials.mint(NODE), 1000);
  const shown = azure.calls().filter(({ kind }) => kind === "exchange");
  assert.deepEqual(shown.slice(2).map(({ audience }) => audience), [ARM, ACR]);
});

Deno.test("audiences: only a refusal brings the other audience up", async () => {
  for (const name of ["acr-firewall", "acr-429", "dns"]) {
    const { time, azure, credentials } = credentialsRig();
    azure.fail(name, { endpoint: "exchange" });
    await settle(time, rejection(credentials.mint(NODE)), 10);
    assert.deepEqual([azure.counts().imds, azure.counts().exchange], [1, 1], name);
  }
});

function failure(change: Partial<AzureFailure>): AzureError {
  return new AzureError({
    endpoint: "exchange",
    host: REGISTRY,
    class: "auth-denied",
    reason: "RegistryDenied",
    status: 401,
    problem: "It was refused",
    remedy: "Grant.",
    ...change,
  });
}

const DENIED = failure({});
const SECONDS: readonly [what: string, second: unknown, told: "first" | "second"][] = [
  ["is refused, too", failure({}), "first"],
  ["is barred by Conditional Access", failure({ endpoint: "entra", reason: "X" }), "first"],
  ["cannot be had for now", failure({ endpoint: "imds", class: "transient" }), "second"],
  ["is throttled", failure({ endpoint: "imds", class: "throttled" }), "second"],
  ["ends with the operator", new Error("the operator ends"), "second"],
];

for (const [what, second, told] of SECONDS) {
  Deno.test(`audiences: where the first is refused and the second ${what}, the ${told} is told`, async () => {
    const audiences = new Audiences({ kind: "auto" }, new FakeTime().clock, DEFAULT_SUFFIXES);
    const outcome = audiences.offer(
      NODE,
      (audience) => Promise.reject(audience === ACR ? DENIED : second),
    );
    assert.equal(await rejection<unknown>(outcome), told === "first" ? DENIED : second);
  });
}

for (const reason of ["AudienceUnknown", "AudienceDisabled"]) {
  Deno.test(`audiences: ARM's is offered where the registry's own is ${reason}, and remembered`, async () => {
    const audiences = new Audiences(AUTO, new FakeTime().clock, DEFAULT_SUFFIXES);
    const asked: string[] = [];
    for (let round = 0; round < 2; round++) {
      await audiences.offer(NODE, (audience) => {
        asked.push(audience);
        const isKnown = audience === ARM;
        return isKnown ? Promise.resolve() : Promise.reject(failure({ endpoint: "imds", reason }));
      });
    }
    assert.deepEqual(asked, [ACR, ARM, ARM]);
  });
}

/** Identities A and B at a registry that neither of them has met; `roles` are those that it admits. */
function registryOfTwo(
  { policy = AUTO, allowed = DEFAULT_SUFFIXES, server = REGISTRY }: {
    policy?: AudiencePolicy;
    allowed?: AllowedSuffixes;
    server?: string;
  } = {},
) {
  const time = new FakeTime();
  const audiences = new Audiences(policy, time.clock, allowed);
  const requests = {
    A: { ...federated(), server },
    B: { ...federated(undefined, "team-b"), server },
  };
  /** What an identity is answered, by audience: those that are listed are taken. */
  const offer = async (who: "A" | "B", taken: readonly string[], change = {}) => {
    const shown: string[] = [];
    const outcome = audiences.offer({ ...requests[who], ...change }, (audience) => {
      const isTaken = taken.includes(audience);
      shown.push(`${audience} ${isTaken ? 200 : 401}`);
      return isTaken ? Promise.resolve() : Promise.reject(DENIED);
    });
    const error = await outcome.then(() => undefined, (e) => e as AzureError);
    return { shown, error };
  };
  const shown = async (...args: Parameters<typeof offer>) => (await offer(...args)).shown;
  return { time, offer, shown };
}

Deno.test("audiences: one identity's denial shows nobody's ARM token to a registry that takes its own", async () => {
  const { shown } = registryOfTwo();
  assert.deepEqual(await shown("A", [ACR]), [`${ACR} 200`]);
  assert.deepEqual(await shown("B", [ARM]), [`${ACR} 401`]);
  assert.deepEqual(await shown("B", []), [`${ACR} 401`]);
  assert.deepEqual(await shown("A", [ACR, ARM]), [`${ACR} 200`]);
});

Deno.test("audiences: a registry that takes its own meanwhile is not remembered as refusing it", async () => {
  const { clock } = new FakeTime();
  const audiences = new Audiences(AUTO, clock, DEFAULT_SUFFIXES);
  const shown: string[] = [];
  await audiences.offer(NODE, async (audience) => {
    if (audience === ACR) throw DENIED;
    await audiences.offer(federated(), () => Promise.resolve());
  });
  await audiences.offer(NODE, (audience) => Promise.resolve(shown.push(audience)));
  assert.deepEqual(shown, [ACR]);
});

Deno.test("audiences: a registry that begins to refuse its own is shown ARM's after an hour", async () => {
  const { time, shown } = registryOfTwo();
  await shown("A", [ACR]);
  await time.pass(HOUR - 1);
  assert.deepEqual(await shown("A", [ARM]), [`${ACR} 401`]);
  await time.pass(1);
  assert.deepEqual(await shown("A", [ARM]), [`${ACR} 401`, `${ARM} 200`]);
});

Deno.test("audiences: an identity that was refused with both shows ARM's again after 10 minutes, and others at once", async () => {
  const { time, shown } = registryOfTwo();
  assert.deepEqual(await shown("B", []), [`${ACR} 401`, `${ARM} 401`]);
  await time.pass(10 * MINUTE - 1);
  assert.deepEqual(await shown("B", [ARM]), [`${ACR} 401`]);
  assert.deepEqual(await shown("A", []), [`${ACR} 401`, `${ARM} 401`]);
  await time.pass(1);
  assert.deepEqual(await shown("B", [ARM]), [`${ACR} 401`, `${ARM} 200`]);
  assert.deepEqual(await shown("A", [ARM]), [`${ARM} 200`]);
});

Deno.test("audiences: a registry that takes its own is still offered it where what is set is refused", async () => {
  const { shown } = registryOfTwo();
  const set = { audience: SET, audienceIsSet: true };
  await shown("A", [ACR]);
  assert.deepEqual(await shown("B", [], set), [`${SET} 401`, `${ACR} 401`]);
  assert.deepEqual(await shown("B", [ACR], set), [`${SET} 401`, `${ACR} 200`]);
});

const STRANGER = "registry.example.com";
const HOSTS: readonly [
  what: string,
  setup: Parameters<typeof registryOfTwo>[0] & { change?: Partial<CredentialRequest> },
  shown: readonly string[],
][] = [
  ["that * alone allows is shown no ARM token", { allowed: "*", server: STRANGER }, [ACR]],
  ["of a public cloud is shown one under *, too", { allowed: "*" }, [ACR, ARM]],
  ["that only ends like a public cloud's is shown none", {
    allowed: "*",
    server: "evilazurecr.io",
  }, [ACR]],
  ["under a suffix that was listed is shown one", {
    allowed: ["example.com"],
    server: STRANGER,
  }, [ACR, ARM]],
  ["that * alone allows is shown what somebody set", {
    allowed: "*",
    server: STRANGER,
    change: { audience: SET, audienceIsSet: true },
  }, [SET, ACR]],
  ["that * alone allows is shown ARM's with --acr-audience=arm", {
    allowed: "*",
    server: STRANGER,
    policy: { kind: "arm" },
  }, [ARM]],
];

for (const [what, { change, ...setup }, audiences] of HOSTS) {
  Deno.test(`audiences: a host ${what}`, async () => {
    const { offer } = registryOfTwo(setup);
    const { shown, error } = await offer("A", [], change);
    assert.deepEqual(shown, audiences.map((audience) => `${audience} 401`));
    const namesCure = audiences.length === 1 && audiences[0] === ACR;
    assert.equal(error!.message.includes("--acr-audience=arm"), namesCure);
  });
}
