import type { ControlPlane } from "../../e2e/servers/control_plane.ts";
import { pooled } from "./pool.ts";
import { accountName, bindingName, type Group, GROUPS, type Workload } from "./workload.ts";

/** A binding as far as the bench looks at it. */
export interface Binding {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly finalizers?: readonly string[];
  };
  readonly status?: {
    readonly lastTokenRefreshTime?: string;
    readonly tokenExpirationTime?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** A list and the version at which it was read. */
export interface BindingList {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly Binding[];
}

const WIDTH = 32;
const MERGE_PATCH = "application/merge-patch+json";

/** What the bench does in a namespace as the administrator. */
export class BenchNamespace implements AsyncDisposable {
  readonly name: string;
  readonly #plane: ControlPlane;

  private constructor(plane: ControlPlane, name: string) {
    this.#plane = plane;
    this.name = name;
  }

  /** Makes a namespace with the workload's ServiceAccounts and bindings in it. */
  static async create(plane: ControlPlane, workload: Workload): Promise<BenchNamespace> {
    const namespace = new BenchNamespace(plane, await plane.createNamespace());
    await namespace.add(workload);
    return namespace;
  }

  async add(workload: Workload): Promise<void> {
    const indexes = Array.from({ length: workload.count }, (_, index) => index);
    const accounts = workload.sharedAccount ? [0] : indexes;
    await pooled(accounts, WIDTH, async (index) => {
      const name = accountName(workload, index);
      const metadata = { name, annotations: workload.annotations?.(index) ?? {} };
      await this.#send("POST", this.core("serviceaccounts"), {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata,
      });
    });
    const { apiVersion } = workload;
    await pooled(indexes, WIDTH, async (index) => {
      const metadata = { name: bindingName(index) };
      const spec = workload.spec(index);
      await this.#send("POST", this.bindings(apiVersion), {
        apiVersion,
        kind: "AcrPullBinding",
        metadata,
        spec,
      });
    });
  }

  /** Path of a core resource in this namespace. */
  core(plural: string): string {
    return `/api/v1/namespaces/${this.name}/${plural}`;
  }

  /** Path of the bindings of one API in this namespace. */
  bindings(group: Group): string {
    return `/apis/${group}/namespaces/${this.name}/acrpullbindings`;
  }

  /** Creates an object: a binding of an API, or one of a core resource named by its plural. */
  async create(resource: string, object: object): Promise<void> {
    await this.#send("POST", this.#collection(resource), object);
  }

  /** Changes an object by a merge patch. */
  async patch(resource: string, name: string, patch: object): Promise<void> {
    await this.#send("PATCH", `${this.#collection(resource)}/${name}`, patch);
  }

  /** All bindings of one API. */
  async listBindings(group: Group): Promise<BindingList> {
    return await this.#send("GET", this.bindings(group)) as BindingList;
  }

  /** The bindings' changes after a version, as lines of JSON. The caller cancels it. */
  async watchBindings(group: Group, version: string): Promise<ReadableStream<Uint8Array>> {
    const query = new URLSearchParams({ watch: "true", resourceVersion: version });
    const response = await this.#plane.adminFetch(`${this.bindings(group)}?${query}`);
    if (!response.ok || response.body === null) throw await refusal(response);
    return response.body;
  }

  /** Changes every Secret in the operator's own name, so that it takes the change for its own. */
  async patchSecrets(patch: unknown, fieldManager: string): Promise<void> {
    const { items } = await this.#send("GET", this.core("secrets")) as BindingList;
    await pooled(items, WIDTH, async ({ metadata }) => {
      const path = `${this.core("secrets")}/${metadata.name}?fieldManager=${fieldManager}`;
      await this.#send("PATCH", path, patch);
    });
  }

  /** Deletes all that lives here, without an operator's help. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const group of GROUPS) {
      const { items } = await this.listBindings(group);
      const held = items.filter(({ metadata }) => (metadata.finalizers ?? []).length > 0);
      await pooled(held, WIDTH, async ({ metadata }) => {
        const path = `${this.bindings(group)}/${metadata.name}`;
        await this.#send("PATCH", path, { metadata: { finalizers: null } });
      });
      await this.#send("DELETE", this.bindings(group));
    }
    for (const plural of ["secrets", "serviceaccounts", "events"]) {
      await this.#send("DELETE", this.core(plural));
    }
  }

  #collection(resource: string): string {
    const group = GROUPS.find((each) => each === resource);
    return group === undefined ? this.core(resource) : this.bindings(group);
  }

  async #send(method: string, path: string, body?: unknown): Promise<unknown> {
    const contentType = method === "PATCH" ? MERGE_PATCH : "application/json";
    const response = await this.#plane.adminFetch(path, {
      method,
      headers: { "content-type": contentType },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw await refusal(response);
    return await response.json();
  }
}

async function refusal(response: Response): Promise<Error> {
  return new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
}
