import assert from "node:assert/strict";
import {
  type AzureFailure,
  azureFailure,
  azureFailureLines,
  azureFailures,
  failureBody,
  failureResponse,
  isAnswerOfAzure,
} from "../../data/failures.ts";
import { ABUSES } from "./abuses.ts";
import type { CallKind } from "./calls.ts";
import {
  bench,
  CLIENT_ID,
  entraRequest,
  exchangeRequest,
  identityToken,
  imdsRequest,
  refreshToken,
  tokenRequest,
} from "./requests.ts";

const REQUESTS: Record<CallKind, (identity: string, refresh: string) => Request> = {
  imds: () => imdsRequest(),
  entra: () => entraRequest(),
  exchange: (identity) => exchangeRequest(identity),
  token: (_, refresh) => tokenRequest(refresh),
};

Deno.test("azure-failures.jsonl holds 40 failures of distinct names", () => {
  assert.equal(azureFailures().length, 40);
  assert.equal(new Set(azureFailures().map(({ name }) => name)).size, 40);
});

Deno.test("a body, written again, is the one that stands in its line", () => {
  for (const [index, line] of azureFailureLines().entries()) {
    const failure = azureFailures()[index]!;
    const body = typeof failure.body === "string"
      ? JSON.stringify(failure.body)
      : failureBody(failure);
    assert.ok(line.includes(`"body":${body},"class":`), failure.name);
  }
});

for (const failure of azureFailures().filter(isAnswerOfAzure)) {
  const kind = failure.endpoint as CallKind;
  Deno.test(`${failure.name} comes back from ${kind} byte for byte`, async () => {
    const { azure } = bench();
    const identity = await identityToken(azure);
    const refresh = await refreshToken(azure);
    azure.fail(failure.name);
    const response = await azure.fetch(REQUESTS[kind](identity, refresh));
    assert.deepEqual(await wire(response), expected(failure));
    assert.deepEqual(azure.calls().at(-1)!.failure, failure.name);
    assert.equal((await azure.fetch(REQUESTS[kind](identity, refresh))).status, 200);
    azure.assertClean();
  });
}

for (const failure of azureFailures().filter((failure) => !isAnswerOfAzure(failure))) {
  Deno.test(`${failure.name} is not the fake's to give as it stands, but byte for byte another's`, async () => {
    assert.throws(() => bench().azure.fail(failure.name), RangeError);
    const response = failureResponse(azureFailure(failure.name));
    assert.deepEqual(await wire(response), expected(failure));
  });
}

Deno.test("an unknown name is refused with the names that are known", () => {
  assert.throws(() => azureFailure("acr-418"), { name: "RangeError", message: /acr-401-opaque/ });
  assert.throws(() => bench().azure.fail("acr-418"), {
    name: "RangeError",
    message: new RegExp(ABUSES.join(", ")),
  });
});

Deno.test("failures are used in the order in which they were armed, as often as asked", async () => {
  const { azure } = bench();
  azure.fail("imds-500", { times: 2 });
  azure.fail("imds-updating");
  assert.deepEqual(await statuses(4, () => azure.fetch(imdsRequest())), [500, 500, 410, 200]);
  azure.assertClean();
});

Deno.test("a failure can be moved to another endpoint and kept to some requests", async () => {
  const { azure } = bench();
  const refresh = await refreshToken(azure);
  const armed = azure.fail("acr-429", {
    endpoint: "token",
    match: ({ scope, who }) => scope === "repository:b:pull" && who === CLIENT_ID,
  });
  const ask = (scope: string) => azure.fetch(tokenRequest(refresh, { scope }));
  assert.equal((await ask("repository:a:pull")).status, 200);
  assert.equal(armed.used(), 0);
  assert.equal((await ask("repository:b:pull")).status, 429);
  assert.equal(armed.used(), 1);
});

Deno.test("a failure without end lasts until it is cancelled", async () => {
  const { azure } = bench();
  const armed = azure.fail("imds-500", { times: Infinity });
  assert.deepEqual(await statuses(3, () => azure.fetch(imdsRequest())), [500, 500, 500]);
  armed.cancel();
  assert.equal((await azure.fetch(imdsRequest())).status, 200);
  azure.assertClean();
});

Deno.test("a failure that no request met is missed at the end", () => {
  const { azure } = bench();
  azure.fail("imds-500", { times: 2 });
  azure.fail("acr-500", { times: Infinity });
  assert.throws(() => azure.assertFailuresMet(), {
    message: "Failures armed at the fake Azure that no call met:\n  imds-500 (2 left)\n  acr-500",
  });
  azure.clearFailures();
  azure.assertClean();
});

Deno.test("a request at fault is reported even where a failure answers it", async () => {
  const { azure } = bench();
  azure.fail("imds-500");
  assert.equal((await azure.fetch(imdsRequest({}, { headers: {} }))).status, 500);
  assert.deepEqual(azure.violations(), ["imds: header Metadata: true is missing"]);
});

async function wire(response: Response) {
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: Object.fromEntries(response.headers), bytes };
}

function expected(failure: AzureFailure) {
  const headers = Object.entries(failure.headers).map(([name, value]) => [
    name.toLowerCase(),
    value,
  ]);
  return {
    status: failure.status,
    headers: Object.fromEntries(headers),
    bytes: new TextEncoder().encode(failureBody(failure)),
  };
}

async function statuses(times: number, send: () => Promise<Response>): Promise<number[]> {
  const seen: number[] = [];
  for (let count = 0; count < times; count++) seen.push((await send()).status);
  return seen;
}
