import { optional } from "../../runtime/optional.ts";
import { maskSecrets } from "../../runtime/masking/mask.ts";
import { abortable } from "../../runtime/time/abortable.ts";
import { Deadline } from "../../runtime/time/deadline.ts";
import { asObject } from "../../runtime/as_object.ts";
import { CachedCredentials, type FreshCredentials } from "./credentials.ts";
import type { Entry } from "./entry.ts";
import { readExecCredential } from "./exec_credential.ts";
import type { CommandOutput, ConfigSources } from "./sources.ts";
import type { ClusterCredentials, CredentialsProvider } from "./types.ts";

const API_VERSIONS = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

/** A plugin may ask a cloud for a token, and Azure's CLI takes seconds to start. */
const TIME_LIMIT_MS = 60_000;

const LONGEST_STDERR = 500;
const LONGEST_MASKED = 65_536;

/** What a plugin is told of the cluster (`provideClusterInfo`), by the names of its protocol. */
export type ClusterInfo = Record<string, unknown>;

/** `users[].user.exec`, read and checked. */
interface ExecPlugin {
  readonly entry: Entry;
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  readonly installHint: string | undefined;
}

/**
 * Credentials from the plugin that `exec` names, such as AKS's kubelogin. It runs when a request
 * first needs it, then shortly before what it gave expires or when the server has refused it, never
 * twice at once, without standard input and for at most a minute.
 * See https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins.
 */
export function execCredentials(
  exec: Entry,
  clusterInfo: () => Promise<ClusterInfo>,
  sources: Pick<ConfigSources, "run" | "clock">,
): CredentialsProvider {
  const plugin = readPlugin(exec);
  const wantsCluster = exec.flag("provideClusterInfo");
  return new ExecCredentials(plugin, wantsCluster ? clusterInfo : undefined, sources);
}

class ExecCredentials implements CredentialsProvider {
  readonly #plugin: ExecPlugin;
  readonly #clusterInfo: (() => Promise<ClusterInfo>) | undefined;
  readonly #sources: Pick<ConfigSources, "run" | "clock">;
  readonly #cache: CachedCredentials;
  readonly #closing = new AbortController();

  constructor(
    plugin: ExecPlugin,
    clusterInfo: (() => Promise<ClusterInfo>) | undefined,
    sources: Pick<ConfigSources, "run" | "clock">,
  ) {
    this.#plugin = plugin;
    this.#clusterInfo = clusterInfo;
    this.#sources = sources;
    this.#cache = new CachedCredentials(sources.clock, () => this.#run());
  }

  get(signal?: AbortSignal): Promise<ClusterCredentials> {
    return this.#cache.get(signal);
  }

  invalidate(used: ClusterCredentials): void {
    this.#cache.invalidate(used);
  }

  close(): void {
    this.#closing.abort(new Error("the client is closed"));
  }

  async #run(): Promise<FreshCredentials> {
    const { entry, apiVersion } = this.#plugin;
    const info = await this.#execInfo();
    const output = await this.#output(info);
    if (output.code !== 0) throw this.#fault(`failed with exit code ${output.code}`, output);
    try {
      return readExecCredential(output.stdout, apiVersion, this.#sources.clock.now());
    } catch (error) {
      throw entry.fault("command", `"${this.#plugin.command}" ${(error as Error).message}`);
    }
  }

  async #output(info: string): Promise<CommandOutput> {
    const { command, args, env } = this.#plugin;
    const limit = new Deadline(this.#sources.clock, this.#closing.signal);
    limit.limit(TIME_LIMIT_MS, () => this.#fault(`did not end within ${TIME_LIMIT_MS / 1000} s`));
    try {
      // A plugin's own children may keep its output open after it was killed: do not wait for them.
      return await abortable(
        this.#sources.run(command, args, {
          env: { ...env, KUBERNETES_EXEC_INFO: info },
          signal: limit.signal,
        }),
        limit.signal,
      );
    } catch (error) {
      throw limit.signal.aborted ? limit.signal.reason : this.#notStarted(error);
    } finally {
      limit.end();
    }
  }

  async #execInfo(): Promise<string> {
    const cluster = await this.#clusterInfo?.();
    return JSON.stringify({
      kind: "ExecCredential",
      apiVersion: this.#plugin.apiVersion,
      spec: { interactive: false, ...(cluster ? { cluster } : {}) },
    });
  }

  #notStarted(error: unknown): Error {
    const { installHint } = this.#plugin;
    const hint = installHint ? `: ${oneLine(installHint)}` : "";
    if (error instanceof Deno.errors.NotFound) {
      const where = isPath(this.#plugin.command) ? "does not exist" : "was not found on PATH";
      return this.#fault(`${where}${hint}`);
    }
    if (error instanceof Deno.errors.NotCapable) {
      return this.#fault("may not be run by this process: add it to --allow-run");
    }
    const why = error instanceof Error ? error.message : String(error);
    return this.#fault(`could not be started: ${why}${hint}`, undefined, error);
  }

  #fault(what: string, output?: CommandOutput, cause?: unknown): Error {
    const stderr = output ? stderrTail(output.stderr) : "";
    const said = stderr ? `: ${stderr}` : "";
    return this.#plugin.entry.fault("command", `"${this.#plugin.command}" ${what}${said}`, cause);
  }
}

function readPlugin(exec: Entry): ExecPlugin {
  const apiVersion = exec.required("apiVersion");
  if (!API_VERSIONS.includes(apiVersion)) {
    throw exec.fault(
      "apiVersion",
      `is "${apiVersion}"; this client speaks ${API_VERSIONS.join(" and ")}. ` +
        "For AKS, `kubelogin convert-kubeconfig` brings the entry up to date",
    );
  }
  checkInteractiveMode(exec, apiVersion);
  const command = exec.required("command");
  return {
    entry: exec,
    apiVersion,
    command: isPath(command) ? exec.resolvePath(command) : command,
    args: exec.strings("args"),
    env: Object.fromEntries(
      exec.children("env").map((pair) => [pair.required("name"), pair.string("value") ?? ""]),
    ),
    installHint: exec.string("installHint"),
  };
}

function checkInteractiveMode(exec: Entry, apiVersion: string): void {
  const mode = exec.string("interactiveMode") ??
    (apiVersion.endsWith("/v1") ? undefined : "IfAvailable");
  if (mode === "Never" || mode === "IfAvailable") return;
  if (mode === undefined) {
    throw exec.fault("interactiveMode", "is missing; it must be Never or IfAvailable");
  }
  throw exec.fault(
    "interactiveMode",
    `is "${mode}"; it must be Never or IfAvailable, for plugins get no standard input here`,
  );
}

/**
 * The `cluster` part of KUBERNETES_EXEC_INFO. `config` is the cluster's extension of the name
 * `client.authentication.k8s.io/exec`.
 */
export function execClusterInfo(cluster: Entry, server: string, ca?: string): ClusterInfo {
  const extension = cluster.children("extensions").find((entry) =>
    entry.string("name") === "client.authentication.k8s.io/exec"
  );
  const config = asObject(extension?.raw("extension"));
  const proxyUrl = cluster.string("proxy-url");
  return {
    server,
    ...(ca === undefined
      ? {}
      : { "certificate-authority-data": new TextEncoder().encode(ca).toBase64() }),
    ...optional("proxy-url", proxyUrl),
    ...optional("config", config),
  };
}

function isPath(command: string): boolean {
  return /[/\\]/.test(command);
}

function stderrTail(stderr: string): string {
  const line = oneLine(maskSecrets(endOf(stderr), LONGEST_MASKED));
  return line.length <= LONGEST_STDERR ? line : `...${line.slice(-LONGEST_STDERR)}`;
}

/** No more of a long text than is masked, from a word's beginning: the rest of one tells of nothing. */
function endOf(stderr: string): string {
  if (stderr.length <= LONGEST_MASKED) return stderr;
  const end = stderr.slice(-LONGEST_MASKED);
  const word = end.search(/\s/);
  return word < 0 ? "" : end.slice(word);
}

function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex -- terminal colours and line ends do not belong in an error
  return text.replace(/\u001b\[[0-9;]*m/g, "").replace(/[\u0000-\u001f\s]+/g, " ").trim();
}
