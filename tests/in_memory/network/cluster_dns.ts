/**
 * What cluster_dns_test.ts runs in a network of its own: the operator as in a pod, by the executable's
 * permissions, where the API server's name leads nowhere. It refuses to start anywhere else.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { permissionFlags } from "../../../deploy/executable/permissions.ts";
import { SERVICE_ACCOUNT_DIRECTORY } from "../../../src/kubernetes/config/in_cluster.ts";
import { run } from "../../e2e/pod/command.ts";
import { DnsServer } from "../../e2e/pod/dns.ts";
import { API_ADDRESS, DNS_ADDRESS, makeNetwork } from "../../e2e/pod/network.ts";
import { CertificateAuthority } from "../../sandbox/azure/certificates.ts";
import { InMemoryKubernetes } from "../../sandbox/kubernetes/server.ts";
import { readCrds } from "../../suites/crds.ts";
import { eventually } from "../../suites/eventually.ts";

const MAIN = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
const NAME = "kubernetes.default.svc";
const WORKS = "cache is in step with the API server";
const ALIAS = `give it hostAliases in which ${API_ADDRESS} has the name ${NAME}`;
const POLICY = "dnsPolicy: ClusterFirstWithHostNet";
const WAIT_MS = 60_000;

/** The operator in a pod. */
class PodProcess implements AsyncDisposable {
  log = "";
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;

  /** `hosts` are allowed beside the executable's own. */
  constructor(hosts: readonly string[] = []) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--cached-only", ...permissionFlags({ hosts }), MAIN],
        ...["--metrics-bind-address=0", "--health-probe-bind-address=0"],
      ],
      env: {
        KUBERNETES_SERVICE_HOST: API_ADDRESS,
        KUBERNETES_SERVICE_PORT: "443",
        DENO_NO_UPDATE_CHECK: "1",
      },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    const text = this.#child.stderr.pipeThrough(new TextDecoderStream());
    for await (const part of text) this.log += part;
  }

  async logs(text: string): Promise<void> {
    await eventually(`it logs ${text}`, () => this.log.includes(text) || undefined, WAIT_MS)
      .catch((error) => {
        throw new Error(`${error.message}\n${this.log}`);
      });
  }

  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.ended();
  }
}

/** Serves an API server by TLS at the address of its Service, with a certificate for `name`. */
async function serveApi(name: string): Promise<AsyncDisposable> {
  const kubernetes = new InMemoryKubernetes({ crds: readCrds() });
  const authority = await CertificateAuthority.create(Date.now());
  const pair = await authority.issue(name);
  await Deno.writeTextFile(`${SERVICE_ACCOUNT_DIRECTORY}/ca.crt`, authority.pem);
  const ending = new AbortController();
  const server = Deno.serve(
    { hostname: API_ADDRESS, port: 443, ...pair, signal: ending.signal, onListen() {} },
    (request) => kubernetes.fetch(request, ending.signal),
  );
  return {
    async [Symbol.asyncDispose]() {
      kubernetes.close();
      ending.abort();
      await server.finished;
    },
  };
}

/** In this mount namespace alone. */
async function layOutPod(): Promise<void> {
  const libraries = await Deno.readFile("/etc/ld.so.cache");
  await run("mount", "-t", "tmpfs", "tmpfs", "/etc");
  await Deno.writeFile("/etc/ld.so.cache", libraries);
  await Deno.writeTextFile("/etc/nsswitch.conf", "hosts: files dns\n");
  await Deno.mkdir(SERVICE_ACCOUNT_DIRECTORY, { recursive: true });
  await Deno.writeTextFile(`${SERVICE_ACCOUNT_DIRECTORY}/token`, "a-token");
  await Deno.writeTextFile(`${SERVICE_ACCOUNT_DIRECTORY}/namespace`, "msi-acrpull-system");
}

async function configure(nameServer: string, search: string, aliases = ""): Promise<void> {
  const options = "options ndots:5 attempts:1 timeout:1";
  const lines = [`search ${search}`, `nameserver ${nameServer}`, options, ""];
  await Deno.writeTextFile("/etc/resolv.conf", lines.join("\n"));
  await Deno.writeTextFile("/etc/hosts", `127.0.0.1\tlocalhost\n${aliases}`);
}

Deno.test("the API server's name", async (context) => {
  await makeNetwork();
  await layOutPod();
  const cluster = new Map([[`${NAME}.cluster.local`, API_ADDRESS]]);
  await using _ = await DnsServer.listen(DNS_ADDRESS, cluster);

  await context.step("a node's DNS, which lacks it, ends the program with the cure", async () => {
    await using _ = await serveApi(NAME);
    await configure(DNS_ADDRESS, "internal.cloudapp.net");
    await using pod = new PodProcess();
    assert.equal(await pod.ended(), 1);
    const last = JSON.parse(pod.log.trimEnd().split("\n").at(-1)!) as {
      error: { message: string };
    };
    assert.equal(
      last.error.message,
      `in-cluster: the DNS server that this pod asks does not know ${NAME}: set ${POLICY} in the ` +
        `pod, if it has hostNetwork: true, or ${ALIAS}`,
    );
  });

  await context.step("with the policy, that is the cluster's DNS, it works", async () => {
    await using _ = await serveApi(NAME);
    await configure(DNS_ADDRESS, "svc.cluster.local cluster.local");
    await using pod = new PodProcess();
    await pod.logs(WORKS);
    assert.doesNotMatch(pod.log, /dnsPolicy/);
  });

  await context.step("no DNS at all is said, and waited for; an alias cures it", async () => {
    await using _ = await serveApi(NAME);
    await configure("198.51.100.9", "svc.cluster.local");
    await using pod = new PodProcess();
    await pod.logs(`no DNS server has told this pod the address of ${NAME}; if that lasts, set`);
    await pod.logs(ALIAS);
    await configure("198.51.100.9", "svc.cluster.local", `${API_ADDRESS}\t${NAME}\n`);
    await pod.logs(WORKS);
  });

  await context.step("an executable that may connect to the address needs no name", async () => {
    await using _ = await serveApi(API_ADDRESS);
    await configure("198.51.100.9", "svc.cluster.local");
    await using pod = new PodProcess([`${API_ADDRESS}:443`]);
    await pod.logs(WORKS);
  });

  await context.step(
    "a certificate for another name is not taken, whatever leads there",
    async () => {
      await using _ = await serveApi("other.example");
      await configure("198.51.100.9", "svc.cluster.local", `${API_ADDRESS}\t${NAME}\n`);
      await using pod = new PodProcess();
      await pod.logs("invalid peer certificate: certificate not valid for name");
      assert.ok(!pod.log.includes(WORKS));
    },
  );
});
