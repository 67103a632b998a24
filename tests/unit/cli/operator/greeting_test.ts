import assert from "node:assert/strict";
import { greet } from "../../../../src/cli/operator/greeting.ts";
import { ConfigError } from "../../../../src/kubernetes/config/errors.ts";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";

const NAME = "https://kubernetes.default.svc:443";
const UNKNOWN = "dns error: failed to lookup address information: Name or service not known";
const UNTOLD =
  "dns error: failed to lookup address information: Temporary failure in name resolution";

/** What a greeting that fails logs, and with what it ends the program. */
async function greeted(
  error: Error,
  { inCluster = true, serviceHost = "10.0.0.1" as string | undefined, server = NAME } = {},
) {
  const logged: string[] = [];
  const rest = { performRequest: () => Promise.reject(error) };
  const cluster = { origin: inCluster ? "in-cluster" : "file", server, inCluster };
  const log = { error: (text: string) => void logged.push(text) };
  const ended = await greet(rest as never, { cluster, serviceHost, log }).then(
    () => undefined,
    (thrown) => {
      assert.ok(thrown instanceof ConfigError);
      return thrown.message;
    },
  );
  return { logged, ended };
}

const unreachable = (cause: string) =>
  new ApiError({ code: 0, reason: "Unreachable", message: `GET /version: no answer: ${cause}` });

Deno.test("greeting: where DNS does not know the API server, the settings are named that cure it", async () => {
  assert.deepEqual(await greeted(unreachable(UNKNOWN)), {
    logged: [],
    ended:
      "in-cluster: the DNS server that this pod asks does not know kubernetes.default.svc: set " +
      "dnsPolicy: ClusterFirstWithHostNet in the pod, if it has hostNetwork: true, or give it " +
      "hostAliases in which 10.0.0.1 has the name kubernetes.default.svc",
  });
});

Deno.test("greeting: where no DNS server answers, it is said and waited for", async () => {
  assert.deepEqual(await greeted(unreachable(UNTOLD)), {
    logged: [
      "in-cluster: no DNS server has told this pod the address of kubernetes.default.svc; if " +
      "that lasts, set dnsPolicy: ClusterFirstWithHostNet in the pod, if it has hostNetwork: true, " +
      "or give it hostAliases in which 10.0.0.1 has the name kubernetes.default.svc",
    ],
    ended: undefined,
  });
});

Deno.test("greeting: an API server that has a name and no address has no alias either", async () => {
  const server = "https://aks.hcp.example:443";
  const { ended } = await greeted(unreachable(UNKNOWN), {
    serviceHost: "aks.hcp.example",
    server,
  });
  assert.equal(
    ended,
    "in-cluster: the DNS server that this pod asks does not know aks.hcp.example: set dnsPolicy: " +
      "ClusterFirstWithHostNet in the pod, if it has hostNetwork: true",
  );
});

Deno.test("greeting: an API server that the pod's authority does not know is told of, and waited for", async () => {
  assert.deepEqual(await greeted(unreachable("invalid peer certificate: UnknownIssuer")), {
    logged: [
      "in-cluster: the pod's ca.crt does not vouch for what answers as the API server (invalid peer " +
      "certificate: UnknownIssuer); if that lasts, look for a proxy in its place, or restart " +
      "the pod",
    ],
    ended: undefined,
  });
});

Deno.test("greeting: what may pass by itself is left to those who call later", async () => {
  const passing = [
    unreachable("tcp connect error: Connection refused (os error 111)"),
    new ApiError({ code: 503, reason: "ServiceUnavailable", message: "busy" }),
    new ApiError({ code: 401, reason: "Unauthorized", message: "not yet" }),
  ];
  for (const error of passing) {
    assert.deepEqual(await greeted(error), { logged: [], ended: undefined });
  }
  assert.deepEqual(await greeted(unreachable(UNKNOWN), { inCluster: false }), {
    logged: [],
    ended: undefined,
  });
});

Deno.test("greeting: what is wrong with a kubeconfig is said", async () => {
  const outside = { inCluster: false };
  const unknownUser = new ApiError({ code: 401, reason: "Unauthorized", message: "who?" });
  assert.match((await greeted(unknownUser, outside)).ended!, /^file: .* does not know this user/);
  const untrusted = unreachable("invalid peer certificate: UnknownIssuer");
  assert.match((await greeted(untrusted, outside)).ended!, /^file: .* certificate is not trusted/);
});
