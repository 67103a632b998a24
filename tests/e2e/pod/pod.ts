import { ENVIRONMENT } from "../../../deploy/executable/environment.ts";
import { type Cgroup, createCgroup } from "../../bench/machine/cgroup.ts";
import { executableArguments } from "../../suites/executable.ts";
import { completeLines } from "../../suites/complete_lines.ts";
import { eventually } from "../../suites/eventually.ts";
import { run } from "./command.ts";
import { API_ADDRESS, namespaceFile, type PodNetwork } from "./network.ts";
import { AZURE_CA, BUNDLE, ENTER_ROOT, type Root } from "./root.ts";
import { limitsOf, type PodTemplate } from "./template.ts";

/** All that a pod is started from. */
export interface PodParts {
  readonly name: string;
  readonly template: PodTemplate;
  readonly network: PodNetwork;
  readonly root: Root;
  /** Flags for Deno beside the executable's. */
  readonly denoFlags?: readonly string[];
}

/**
 * A pod of deploy/latest: the program as process 1 of namespaces of its own, with the template's
 * command line, user, limits and read-only root. What a node adds that is missing here: the seccomp
 * filter, and the NetworkPolicy.
 */
export class Pod implements AsyncDisposable {
  readonly name: string;
  readonly address: string;
  readonly #parts: PodParts;
  readonly #cgroup: Cgroup;
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  #log = "";
  #ended = false;

  constructor(parts: PodParts) {
    this.name = parts.name;
    this.address = parts.network.address;
    this.#parts = parts;
    this.#cgroup = createCgroup(limitsOf(parts.template));
    this.#child = new Deno.Command("nsenter", {
      args: this.#command(),
      clearEnv: true,
      env: environmentOf(parts.name, parts.template),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#reading = Promise.all([
      this.#read(this.#child.stdout),
      this.#read(this.#child.stderr),
      this.#child.status.then(() => this.#ended = true),
    ]);
  }

  /** What it has written so far, up to the last whole line. */
  get log(): string {
    return completeLines(this.#log);
  }

  /** Answers of its health port, as the kubelet asks; undefined while nobody listens. */
  async probe(path: "/healthz" | "/readyz"): Promise<number | undefined> {
    try {
      const response = await fetch(`http://${this.address}:8081${path}`);
      await response.body?.cancel();
      return response.status;
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  }

  /** Its metrics, asked for from within the pod, where alone they are served. */
  metrics(): Promise<string> {
    const program = `console.log(await (await fetch("http://127.0.0.1:8080/metrics")).text())`;
    const net = `--net=${namespaceFile(this.#parts.network)}`;
    return run("nsenter", net, "--", Deno.execPath(), "eval", "--no-config", program);
  }

  /** Ends it as the kubelet does. Answers how it ended, and after how many milliseconds. */
  async terminate(): Promise<{ code: number; tookMs: number }> {
    const startedAt = performance.now();
    Deno.kill(await this.#processNumber(), "SIGTERM");
    const { code } = await this.#child.status;
    await this.#reading;
    return { code, tookMs: performance.now() - startedAt };
  }

  /** Processes of it that were killed for want of memory. */
  oomKills(): number {
    return this.#cgroup.oomKills();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) Deno.kill(await this.#processNumber(), "SIGKILL");
    await this.#child.status;
    await this.#reading;
    await this.#cgroup.remove();
  }

  #command(): string[] {
    const { name, template: { spec }, network, root, denoFlags } = this.#parts;
    const { runAsUser, runAsGroup } = spec.securityContext;
    return [
      `--net=${namespaceFile(network)}`,
      ...["unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--"],
      ...["/bin/sh", "-c", ENTER_ROOT, "pod"],
      ...[root.directory, `${runAsUser}:${runAsGroup}`, name, this.#cgroup.procsFiles.join(" ")],
      ...root.binds.flat(),
      "--",
      ...spec.containers[0].command,
      ...executableArguments(BUNDLE, denoFlags),
      ...spec.containers[0].args,
    ];
  }

  /**
   * Process 1 of the pod, by its number outside: the only child of `unshare`, which could not take
   * it along, since a change of user forgets whose end was to be its own.
   */
  async #processNumber(): Promise<number> {
    const { pid } = this.#child;
    const text = await eventually(`${this.name} has a process`, async () => {
      if (this.#ended) throw new Error(`${this.name} has ended:\n${this.#log}`);
      const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
      return children.trim() || undefined;
    });
    return Number(text);
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.#log += decoder.decode(chunk, { stream: true });
  }
}

/** Environment of the container: the image's, the runtime's, the kubelet's and the template's. */
function environmentOf(pod: string, { spec }: PodTemplate): Record<string, string> {
  const declared = (spec.containers[0].env ?? []).map(({ name, value }) => [name, value]);
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    SSL_CERT_FILE: "/etc/ssl/certs/ca-certificates.crt",
    HOSTNAME: pod,
    HOME: "/",
    KUBERNETES_SERVICE_HOST: API_ADDRESS,
    KUBERNETES_SERVICE_PORT: "443",
    KUBERNETES_SERVICE_PORT_HTTPS: "443",
    KUBERNETES_PORT: `tcp://${API_ADDRESS}:443`,
    // Nobody but this test signs for Azure's hosts here.
    DENO_CERT: AZURE_CA,
    // `deno run` asks for its own successors, which the executable does not.
    DENO_NO_UPDATE_CHECK: "1",
    ...ENVIRONMENT,
    ...Object.fromEntries(declared),
  };
}
