import assert from "node:assert/strict";
import { systemClock } from "../../src/runtime/time/clock.ts";
import { selfSigned } from "../../src/http_server/self_signed.ts";
import { eventually } from "../suites/eventually.ts";
import { freePort, OperatorProcess } from "../suites/operator_process.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { e2e } from "./servers/gate.ts";
import { kubectlOk } from "./servers/kubectl.ts";
import { installCrds, installRbac, OPERATOR } from "./servers/manifests.ts";

const HOUR_MS = 3600_000;

/** What a monitoring system brings along; cluster-wide, so under names that no other test uses. */
const SCRAPER = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: e2e-metrics-reader }
rules:
  - nonResourceURLs: ["/metrics"]
    verbs: ["get"]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: e2e-metrics-reader }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: e2e-metrics-reader }
subjects: [{ kind: ServiceAccount, name: prometheus, namespace: NAMESPACE }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: e2e-metrics-auth }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: system:auth-delegator }
subjects: [{ kind: ServiceAccount, name: ${OPERATOR.serviceAccount}, namespace: ${OPERATOR.namespace} }]
`;

/** A namespace with two ServiceAccounts, of which one may read metrics. Answers their tokens. */
async function scrapers(plane: ControlPlane): Promise<{ allowed: string; other: string }> {
  await installCrds(plane);
  await installRbac(plane);
  const namespace = await plane.createNamespace();
  for (const name of ["prometheus", "other"]) {
    await kubectlOk(plane, ["create", "serviceaccount", name, "-n", namespace]);
  }
  await kubectlOk(plane, ["apply", "--server-side", "-f", "-"], {
    stdin: SCRAPER.replaceAll("NAMESPACE", namespace),
  });
  const token = async (name: string) => {
    const { directory } = await plane.serviceAccountKubeconfig(namespace, name);
    return await Deno.readTextFile(`${directory}/token`);
  };
  return { allowed: await token("prometheus"), other: await token("other") };
}

interface Scrape {
  status: number;
  body: string;
}

/** Scrapes once, trusting only this certificate. Undefined where no connection came about. */
async function scrape(
  port: number,
  certificate: string,
  token?: string,
): Promise<Scrape | undefined> {
  using client = Deno.createHttpClient({ caCerts: [certificate] });
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  try {
    const response = await fetch(`https://localhost:${port}/metrics`, { client, headers });
    return { status: response.status, body: await response.text() };
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Writes a certificate as a mounted Secret holds it. Answers the certificate. */
async function writeCertificate(directory: string): Promise<string> {
  const now = systemClock.now();
  const { certificate, key } = await selfSigned(["localhost"], now, now + HOUR_MS);
  await Deno.writeTextFile(`${directory}/tls.crt`, certificate);
  await Deno.writeTextFile(`${directory}/tls.key`, key.reveal());
  return certificate;
}

e2e(
  "secure metrics: who may get /metrics may scrape, others are refused, certificates are renewed",
  async (plane) => {
    const { allowed, other } = await scrapers(plane);
    const directory = await Deno.makeTempDir({ prefix: "msi-acrpull-metrics-" });
    try {
      const first = await writeCertificate(directory);
      const port = freePort();
      await using operator = await OperatorProcess.start(plane, {
        user: OPERATOR.user,
        args: [
          "--metrics-secure",
          `--metrics-cert-path=${directory}`,
          `--metrics-bind-address=127.0.0.1:${port}`,
          "--health-probe-bind-address=0",
        ],
      });
      const scraped = await eventually(`metrics are served:\n${operator.log}`, async () => {
        const answer = await scrape(port, first, allowed);
        // Rules have effect a moment after they are written.
        return answer?.status === 200 ? answer : undefined;
      }, 30_000);
      assert.match(
        scraped.body,
        /^acrpull_build_info\{version="[\d.]+",deno_version="[\d.]+"\} 1$/m,
      );
      assert.equal((await scrape(port, first, other))?.status, 403);
      assert.equal((await scrape(port, first))?.status, 401);
      assert.equal((await scrape(port, first, `${allowed.slice(0, -8)}AAAAAAAA`))?.status, 401);

      const second = await writeCertificate(directory);
      await eventually("the new certificate is served", async () => {
        return (await scrape(port, second, allowed))?.status === 200 || undefined;
      }, 30_000);
      assert.equal(await scrape(port, first, allowed), undefined);

      const { code } = await operator.end();
      assert.equal(code, 0, operator.log);
      for (const token of [allowed, other]) {
        assert.ok(!operator.log.includes(token), "a scraper's token stands in the log");
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);

e2e(
  "secure metrics: an operator that may not ask who scrapes serves nobody, and says so",
  async (plane) => {
    const { allowed } = await scrapers(plane);
    await kubectlOk(plane, ["delete", "clusterrolebinding", "e2e-metrics-auth"]);
    const directory = await Deno.makeTempDir({ prefix: "msi-acrpull-metrics-" });
    try {
      const certificate = await writeCertificate(directory);
      const port = freePort();
      await using operator = await OperatorProcess.start(plane, {
        user: OPERATOR.user,
        args: [
          "--metrics-secure",
          `--metrics-cert-path=${directory}`,
          `--metrics-bind-address=127.0.0.1:${port}`,
          "--health-probe-bind-address=0",
        ],
      });
      await eventually(`it refuses:\n${operator.log}`, async () => {
        return (await scrape(port, certificate, allowed))?.status === 503 || undefined;
      }, 30_000);
      await operator.logs("cannot check who reads metrics");
      assert.match(operator.log, /cannot check who reads metrics.*tokenreviews/);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);
