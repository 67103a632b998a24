import { FakeAzure } from "../../sandbox/azure/azure.ts";
import { listenOnHosts } from "../../sandbox/azure/hosts.ts";
import { TcpRelay } from "../../suites/tcp_relay.ts";
import { ControlPlane } from "../servers/control_plane.ts";
import { kubectlOk } from "../servers/kubectl.ts";
import { OPERATOR } from "../servers/manifests.ts";
import { DnsServer } from "./dns.ts";
import {
  addPodNetwork,
  API_ADDRESS,
  AZURE_HOSTS,
  DNS_ADDRESS,
  IMDS_ADDRESS,
  makeNetwork,
  NAMES,
} from "./network.ts";
import { Pod } from "./pod.ts";
import { prepareRoot } from "./root.ts";
import { type Deployment, MANIFESTS, type PodUser, readDeployment, runningAs } from "./template.ts";
import { TokenVolume } from "./token_volume.ts";

const AUDIT_POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata", users: [OPERATOR.user] }, { level: "None" }],
};

/** What the API server notes of who called. */
const POD_NAME = "authentication.kubernetes.io/pod-name";
const CREDENTIAL_ID = "authentication.kubernetes.io/credential-id";

/** A request to the API server, by its own account. */
export interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly extra?: Readonly<Record<string, readonly string[]>> };
  readonly responseStatus?: { readonly code: number };
}

/** What a world is made of. */
interface Parts {
  readonly plane: ControlPlane;
  readonly azure: FakeAzure;
  readonly dns: DnsServer;
  readonly deployment: Deployment;
  /** Files. */
  readonly auditLog: string;
  readonly bundle: string;
  readonly azureCaPem: string;
}

/** A pod's place in the cluster, beside the process. */
interface Placed {
  readonly volume: TokenVolume;
  /** Of the object in the cluster. */
  readonly uid: string;
}

/**
 * A node, its cluster and Azure, in a network namespace with nothing else: a real API server with
 * deploy/latest in it, the cluster's DNS, and Azure's hosts by their own names and addresses.
 */
export class World implements AsyncDisposable {
  readonly plane: ControlPlane;
  readonly azure: FakeAzure;
  readonly dns: DnsServer;
  /** What the pods are made from. */
  readonly deployment: Deployment;
  readonly #parts: Parts;
  readonly #resources: AsyncDisposableStack;
  readonly #placed = new Map<string, Placed>();

  private constructor(parts: Parts, resources: AsyncDisposableStack) {
    this.plane = parts.plane;
    this.azure = parts.azure;
    this.dns = parts.dns;
    this.deployment = parts.deployment;
    this.#parts = parts;
    this.#resources = resources;
  }

  /** Starts all but the pods, which are to run the program in the file `bundle`. */
  static async start(azure: FakeAzure, bundle: string): Promise<World> {
    await makeNetwork();
    await using resources = new AsyncDisposableStack();
    const directory = await Deno.makeTempDir({ prefix: "msi-acrpull-pod-" });
    resources.defer(() => Deno.remove(directory, { recursive: true }));
    const policy = `${directory}/audit-policy.json`;
    await Deno.writeTextFile(policy, JSON.stringify(AUDIT_POLICY));
    const plane = resources.use(
      await ControlPlane.start({
        apiserverFlags: [
          `--audit-policy-file=${policy}`,
          `--audit-log-path=${directory}/audit.log`,
          "--audit-log-mode=blocking-strict",
        ],
      }),
    );
    // In place of kube-proxy.
    const service = { hostname: API_ADDRESS, port: 443 };
    resources.use(new TcpRelay(Number(new URL(plane.url).port), service));
    const dns = resources.use(await DnsServer.listen(DNS_ADDRESS, NAMES));
    const hosts = resources.use(await listenOnHosts(azure, IMDS_ADDRESS, AZURE_HOSTS));
    await kubectlOk(plane, ["apply", "--validate=strict", ...MANIFESTS.flatMap((f) => ["-f", f])]);
    await kubectlOk(plane, ["wait", "--for=condition=Established", "-f", MANIFESTS[0]!]);
    const deployment = await readDeployment();
    const auditLog = `${directory}/audit.log`;
    const parts = { deployment, plane, azure, dns, auditLog, bundle, azureCaPem: hosts.caPem };
    return new World(parts, resources.move());
  }

  /**
   * Makes a pod of the Deployment as controller, scheduler and kubelet do: its object, which
   * admission must let in, a token that is bound to it, its volume and network, and the process. It
   * runs as `user`, where the cluster assigns one.
   */
  async startPod(
    index: number,
    { denoFlags = [], user }: { denoFlags?: readonly string[]; user?: PodUser } = {},
  ): Promise<Pod> {
    const { metadata, spec } = this.deployment;
    const template = user === undefined ? spec.template : runningAs(spec.template, user);
    const name = `${metadata.name}-${index}`;
    const uid = await this.#createPodObject(name);
    const directory = await Deno.makeTempDir({ prefix: "msi-acrpull-pod-" });
    this.#resources.defer(() => Deno.remove(directory, { recursive: true }));
    await Deno.chmod(directory, 0o755);
    const { runAsUser: owner, runAsGroup: group } = template.spec.securityContext;
    await Deno.mkdir(`${directory}/volume`);
    const volume = new TokenVolume(`${directory}/volume`, { uid: owner, gid: group });
    const network = await addPodNetwork(name, index);
    const root = await prepareRoot(directory, {
      podName: name,
      podAddress: network.address,
      bundle: this.#parts.bundle,
      azureCaPem: this.#parts.azureCaPem,
      volume: volume.directory,
    });
    await this.#writeToken(volume, name, uid);
    const pod = new Pod({ name, template, network, root, denoFlags });
    this.#resources.use(pod);
    this.#placed.set(name, { volume, uid });
    return pod;
  }

  /** Puts another token in a pod's volume, as the kubelet does at 80 % of its life. Answers its ID. */
  async rotateToken(pod: Pod): Promise<string> {
    const { volume, uid } = this.#placed.get(pod.name)!;
    return await this.#writeToken(volume, pod.name, uid);
  }

  /** IDs of the tokens with which a pod has called the API server, by that server's own account. */
  async credentialsUsedBy(pod: Pod): Promise<string[]> {
    const seen = new Set<string>();
    for (const { user } of await this.audit()) {
      if (user.extra?.[POD_NAME]?.includes(pod.name) !== true) continue;
      for (const id of user.extra[CREDENTIAL_ID] ?? []) seen.add(id);
    }
    return [...seen];
  }

  /** What the operator's pods have asked of the API server so far. */
  async audit(): Promise<AuditEvent[]> {
    const text = await Deno.readTextFile(this.#parts.auditLog);
    return text.split("\n").filter((line) => line.endsWith("}"))
      .map((line) => JSON.parse(line) as AuditEvent);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }

  async #createPodObject(name: string): Promise<string> {
    const { metadata, spec: { template } } = this.deployment;
    const manifest = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...template.metadata, name, namespace: metadata.namespace },
      spec: template.spec,
    };
    await kubectlOk(this.plane, ["create", "-f", "-"], { stdin: JSON.stringify(manifest) });
    const get = ["get", "pod", name, "-n", metadata.namespace, "-o=jsonpath={.metadata.uid}"];
    return await kubectlOk(this.plane, get);
  }

  async #writeToken(volume: TokenVolume, podName: string, uid: string): Promise<string> {
    const { metadata: { namespace }, spec: { template } } = this.deployment;
    const account = template.spec.serviceAccountName;
    const create = ["create", "token", account, "-n", namespace, "--duration=3607s"];
    const bound = [`--bound-object-kind=Pod`, `--bound-object-name=${podName}`];
    const token = (await kubectlOk(this.plane, [...create, ...bound, `--bound-object-uid=${uid}`]))
      .trim();
    await volume.write({ token, "ca.crt": this.plane.caPem, namespace });
    return `JTI=${claimsOf(token).jti}`;
  }
}

/** The claims of a JWT. */
function claimsOf(token: string): { jti: string } {
  const bytes = Uint8Array.fromBase64(token.split(".")[1]!, { alphabet: "base64url" });
  return JSON.parse(new TextDecoder().decode(bytes)) as { jti: string };
}
