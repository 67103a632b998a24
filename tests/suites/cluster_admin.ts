import type { JSONObject, JSONValue, RestClient } from "../../src/kubernetes/http/contract.ts";
import { resolveCluster } from "../../src/kubernetes/config/resolve.ts";
import { ApiError, isNotFound } from "../../src/kubernetes/http/errors.ts";
import { FetchRestClient } from "../../src/kubernetes/http/transport.ts";
import { systemClock } from "../../src/runtime/time/clock.ts";
import type { ApiServer } from "../sandbox/api_server.ts";

/** Any object, as a step of a scenario has it. */
export interface AnyObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [field: string]: unknown;
}

/** An object's place. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

const PLURALS: Readonly<Record<string, string>> = {
  AcrPullBinding: "acrpullbindings",
  Event: "events",
  ConfigMap: "configmaps",
  Lease: "leases",
  Secret: "secrets",
  ServiceAccount: "serviceaccounts",
};

const BINDING = "AcrPullBinding";
const BINDING_APIS = ["msi-acrpull.microsoft.com/v1beta1", "acrpull.microsoft.com/v1beta2"];

/** A client for `api` as `user`, the administrator by default. */
export async function connect(api: ApiServer, user?: string): Promise<FetchRestClient> {
  const path = await Deno.makeTempFile({ suffix: ".kubeconfig" });
  try {
    await Deno.writeTextFile(path, JSON.stringify(await api.kubeconfig(user)));
    const config = await resolveCluster({ kubeconfig: path });
    return new FetchRestClient({ config, fetch, clock: systemClock, userAgent: "scenario" });
  } finally {
    await Deno.remove(path);
  }
}

/** What a user does in one namespace, and what they see there. */
export class ClusterAdmin {
  readonly namespace: string;
  readonly #rest: RestClient;

  constructor(rest: RestClient, namespace: string) {
    this.#rest = rest;
    this.namespace = namespace;
  }

  /** The same user in another namespace. */
  elsewhere(namespace: string): ClusterAdmin {
    return new ClusterAdmin(this.#rest, namespace);
  }

  async create(object: AnyObject): Promise<void> {
    await this.#rest.performRequest({
      method: "POST",
      path: this.#path(object.apiVersion, object.kind),
      bodyJson: object as unknown as JSONObject,
      expectJson: true,
    });
  }

  async mergePatch(ref: ObjectRef, patch: unknown, subresource?: "status"): Promise<void> {
    await this.#rest.performRequest({
      method: "PATCH",
      path: this.#path(ref.apiVersion, ref.kind, ref.name, subresource),
      contentType: "application/merge-patch+json",
      bodyJson: patch as JSONValue,
      expectJson: true,
    });
  }

  async delete(ref: ObjectRef): Promise<void> {
    await this.#rest.performRequest({
      method: "DELETE",
      path: this.#path(ref.apiVersion, ref.kind, ref.name),
      expectJson: true,
    });
  }

  /** The object, or undefined where there is none. */
  async get<T>(ref: ObjectRef): Promise<T | undefined> {
    const items = await this.list<T & AnyObject>(ref.apiVersion, ref.kind);
    return items.find((item) => item.metadata.name === ref.name);
  }

  async list<T>(apiVersion: string, kind: string): Promise<readonly T[]> {
    const list = await this.#rest.performRequest({
      method: "GET",
      path: this.#path(apiVersion, kind),
      expectJson: true,
    });
    // Items of a list leave out what they have in common.
    return (list as unknown as { items: T[] }).items.map((item) => ({ ...item, apiVersion, kind }));
  }

  /** The bindings of both APIs, as far as these are installed. */
  async bindings(): Promise<readonly AnyObject[]> {
    const lists = BINDING_APIS.map((api) =>
      this.list<AnyObject>(api, BINDING).catch((error) => {
        // Where a group has no resource at all, the answer is a plain 404 page.
        if (error instanceof ApiError && error.code === 404) return [];
        throw error;
      })
    );
    return (await Promise.all(lists)).flat();
  }

  /** Deletes the namespace itself, which goes once it is empty. */
  async deleteNamespace(): Promise<void> {
    await this.#rest.performRequest({
      method: "DELETE",
      path: `/api/v1/namespaces/${this.namespace}`,
      expectJson: true,
    });
  }

  /** Deletes bindings and Secrets without an operator's help. */
  async clear(): Promise<void> {
    for (const { apiVersion, kind, metadata } of await this.bindings()) {
      const ref = { apiVersion, kind, name: metadata.name };
      await this.mergePatch(ref, { metadata: { finalizers: null } });
      await this.delete(ref).catch((error) => {
        // One that was being deleted went with its last finalizer.
        if (!isNotFound(error)) throw error;
      });
    }
    for (const { metadata } of await this.list<AnyObject>("v1", "Secret")) {
      await this.delete({ apiVersion: "v1", kind: "Secret", name: metadata.name });
    }
  }

  #path(apiVersion: string, kind: string, name?: string, subresource?: string): string {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const plural = PLURALS[kind];
    if (plural === undefined) throw new RangeError(`no plural is known for kind ${kind}`);
    return [root, "namespaces", this.namespace, plural, name, subresource]
      .filter((part) => part !== undefined).join("/");
  }
}
