import assert from "node:assert/strict";
import type { RequestOptions, RestClient } from "../../../../src/kubernetes/http/contract.ts";
import { LargeObjects } from "../../../../src/kubernetes/http/large_objects.ts";

const ACCOUNT = "/api/v1/namespaces/team/serviceaccounts/large";
const BINDING = "/apis/acrpull.microsoft.com/v1beta2/namespaces/team/acrpullbindings/large";

/** A client whose requests never end, and how many were sent. */
function rig() {
  let sent = 0;
  const rest = {
    performRequest: () => {
      sent++;
      return new Promise(() => {});
    },
    [Symbol.dispose]: () => {},
  } as unknown as RestClient;
  const objects = new LargeObjects(() => 0);
  const client = objects.wrap(rest);
  const send = async (options: Partial<RequestOptions> & { path: string }) => {
    const request = { method: "PATCH", expectJson: true, ...options } as const;
    client.performRequest(request).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { objects, send, sent: () => sent };
}

for (
  const [what, path] of [
    ["a ServiceAccount", ACCOUNT],
    ["a binding", BINDING],
    ["a binding's status", `${BINDING}/status`],
  ] as const
) {
  Deno.test(`large objects: of requests for ${what} that is large, one of a namespace is under way`, async () => {
    const { objects, send, sent } = rig();
    objects.note(path.replace("/status", ""), true);
    await send({ path });
    await send({ path });
    assert.equal(sent(), 1);
    await send({ path: path.replace("large", "other") });
    assert.equal(sent(), 2, "what is not large waits for nothing");
  });
}

Deno.test("large objects: another namespace's has a place beside it", async () => {
  const { objects, send, sent } = rig();
  for (const namespace of ["team", "other"]) {
    objects.note(ACCOUNT.replace("team", namespace), true);
    await send({ path: ACCOUNT.replace("team", namespace) });
    await send({ path: ACCOUNT.replace("team", namespace) });
  }
  assert.equal(sent(), 2);
});

Deno.test("large objects: one that is large no more, or gone, is forgotten", async () => {
  const { objects, send, sent } = rig();
  objects.note(ACCOUNT, true);
  objects.note(ACCOUNT, false);
  assert.equal(objects.size, 0);
  for (let index = 0; index < 5; index++) await send({ path: ACCOUNT });
  assert.equal(sent(), 5);
});

for (
  const [what, request, most] of [
    ["a token of a large account", { path: `${ACCOUNT}/token`, method: "POST" }, 5],
    ["a list", { path: "/api/v1/namespaces/team/serviceaccounts", method: "GET" }, 5],
    ["a namespace", { path: "/api/v1/namespaces/team", method: "GET" }, 5],
    ["a whole Secret", { path: "/api/v1/namespaces/team/secrets/any", method: "GET" }, 1],
    ["a Secret's metadata", {
      path: "/api/v1/namespaces/team/secrets/any",
      method: "GET",
      accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    }, 5],
  ] as const
) {
  Deno.test(`large objects: of five requests for ${what} ${most} may be under way`, async () => {
    const { objects, send, sent } = rig();
    objects.note(ACCOUNT, true);
    for (let index = 0; index < 5; index++) await send(request);
    assert.equal(sent(), most);
  });
}
