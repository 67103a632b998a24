import type { BindingStatus } from "../../src/controller/binding/view.ts";
import type { Secret, ServiceAccount } from "../../src/kubernetes/resources/built_in.ts";
import type { KubernetesObject, Stored } from "../../src/kubernetes/resources/resource_client.ts";
import type { CallKind } from "../sandbox/azure/calls.ts";
import type { AnyObject, ObjectRef } from "./cluster_admin.ts";
import { eventually } from "./eventually.ts";
import type { OperatorRig } from "./operator_rig.ts";

/** An identity that the fake Azure knows, as it knows every well-formed one. */
export const CLIENT_ID = "1b461305-28be-5271-beda-bd9fd2e24251";

/** A binding of either API. */
export type AnyBinding = KubernetesObject & { spec?: unknown; status?: BindingStatus };

export type SecretObject = Stored<Secret>;

/** The names of one binding and its Secret. */
export interface BindingPlace {
  readonly apiVersion: string;
  readonly name: string;
  readonly secret: string;
}

/** One binding and what belongs to it, as a test handles and sees them. */
export abstract class BindingObjects<T extends AnyBinding> {
  readonly rig: OperatorRig;
  readonly place: BindingPlace;

  constructor(rig: OperatorRig, place: BindingPlace) {
    this.rig = rig;
    this.place = place;
  }

  /** The spec of a binding about which a test says nothing else. */
  protected abstract get usualSpec(): NonNullable<T["spec"]>;

  createAccount(
    name: string,
    imagePullSecrets: { name: string }[] = [],
    annotations: Record<string, string> = {},
  ): Promise<void> {
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, annotations } };
    return this.rig.admin.create({ ...account, imagePullSecrets } as AnyObject);
  }

  createBinding(
    object: { spec?: T["spec"]; labels?: Record<string, string> } = {},
  ): Promise<void> {
    const { apiVersion, name } = this.place;
    const { spec = this.usualSpec, labels = {} } = object;
    return this.rig.admin.create(
      { apiVersion, kind: "AcrPullBinding", metadata: { name, labels }, spec } as AnyObject,
    );
  }

  /** A binding with a fresh credential, attached to `default`. */
  async establish(): Promise<SecretObject> {
    await this.createAccount("default");
    await this.createBinding();
    await this.ready();
    return (await this.secret())!;
  }

  binding(): Promise<Stored<T> | undefined> {
    return this.rig.admin.get<Stored<T>>(this.#bindingRef);
  }

  bindingOnce(condition: (binding: Stored<T>) => boolean): Promise<Stored<T>> {
    return this.#once("the binding is as expected", () => this.binding(), condition);
  }

  /** The binding once it is Ready without error, for its present generation. */
  ready(): Promise<Stored<T>> {
    return this.bindingOnce((binding) =>
      this.readiness(binding) === "True/CredentialAttached" &&
      binding.status!.error === undefined &&
      binding.status!.observedGeneration === binding.metadata.generation
    );
  }

  /** What the status says is wrong, once it says so for the present generation. */
  async errorOnce(): Promise<string> {
    const binding = await this.bindingOnce(({ metadata, status }) =>
      status?.error !== undefined && status.observedGeneration === metadata.generation
    );
    return binding.status!.error!;
  }

  /** `status/reason` of the condition Ready. */
  readiness(binding: Stored<T>): string {
    return this.condition(binding, "Ready");
  }

  /** `status/reason` of a condition, or `none`. */
  condition({ status }: Stored<T>, name: string): string {
    const found = status?.conditions?.find(({ type }) => type === name);
    return found === undefined ? "none" : `${found.status}/${found.reason}`;
  }

  patchBinding(patch: unknown): Promise<void> {
    return this.rig.admin.mergePatch(this.#bindingRef, patch);
  }

  deleteBinding(): Promise<void> {
    return this.rig.admin.delete(this.#bindingRef);
  }

  secret(): Promise<SecretObject | undefined> {
    return this.rig.admin.get<SecretObject>(this.#secretRef);
  }

  secretOnce(condition: (secret: SecretObject) => boolean): Promise<SecretObject> {
    return this.#once("the Secret is as expected", () => this.secret(), condition);
  }

  /** The Secret once it holds another token than `before`. */
  renewed(before: SecretObject): Promise<SecretObject> {
    const password = this.passwordIn(before);
    return this.secretOnce((secret) => this.passwordIn(secret) !== password);
  }

  patchSecret(patch: unknown): Promise<void> {
    return this.rig.admin.mergePatch(this.#secretRef, patch);
  }

  deleteSecret(): Promise<void> {
    return this.rig.admin.delete(this.#secretRef);
  }

  passwordIn({ data }: SecretObject, server = "bench.azurecr.io"): string | undefined {
    const config = JSON.parse(atob(data?.[".dockerconfigjson"] ?? "e30=")) as {
      auths?: Record<string, { password: string }>;
    };
    return config.auths?.[server]?.password;
  }

  account(name: string): Promise<Stored<ServiceAccount> | undefined> {
    return this.rig.admin.get({ apiVersion: "v1", kind: "ServiceAccount", name });
  }

  patchAccount(name: string, patch: unknown): Promise<void> {
    return this.rig.admin.mergePatch({ apiVersion: "v1", kind: "ServiceAccount", name }, patch);
  }

  async references(account: string): Promise<readonly string[]> {
    return ((await this.account(account))?.imagePullSecrets ?? []).map(({ name }) => name!);
  }

  async referencesOnce(account: string, expected: readonly string[]): Promise<void> {
    const text = JSON.stringify(expected);
    let last = "";
    await eventually(`${account} refers to ${text}`, async () => {
      last = JSON.stringify(await this.references(account));
      return last === text || undefined;
    });
    await this.rig.answered();
  }

  /** Resolves once binding and Secret are gone. */
  async gone(): Promise<void> {
    await eventually(
      "binding and Secret are gone",
      async () =>
        (await this.binding()) === undefined && (await this.secret()) === undefined || undefined,
    );
    await this.rig.answered();
  }

  /** Versions of everything in the namespace, to tell whether anything was written. */
  resourceVersions(): Promise<Record<string, string>> {
    return this.rig.resourceVersions();
  }

  /** What the operator said that it did, in order, by the actions' names. */
  actions(): readonly string[] {
    return this.rig.logged.map(({ message }) => ACTIONS[message]).filter((name) =>
      name !== undefined
    );
  }

  /** Exchanges that registries saw. */
  minted(): readonly { registry: string; who: string }[] {
    return this.rig.azure.calls().flatMap((call) =>
      call.kind === "exchange" ? [{ registry: call.registry!, who: call.who! }] : []
    );
  }

  async callsOnce(kind: CallKind, count: number): Promise<void> {
    await eventually(
      `${count} calls of kind ${kind}`,
      () => this.rig.azure.counts()[kind] >= count || undefined,
    );
    await this.rig.answered();
  }

  get #bindingRef(): ObjectRef {
    const { apiVersion, name } = this.place;
    return { apiVersion, kind: "AcrPullBinding", name };
  }

  get #secretRef(): ObjectRef {
    return { apiVersion: "v1", kind: "Secret", name: this.place.secret };
  }

  async #once<V>(
    what: string,
    read: () => Promise<V | undefined>,
    condition: (value: V) => boolean,
  ): Promise<V> {
    let last: V | undefined;
    try {
      const found = await eventually(what, async () => {
        last = await read();
        return last !== undefined && condition(last) ? last : undefined;
      });
      await this.rig.answered();
      return found;
    } catch (error) {
      const log = this.rig.logged.map(({ level, message, fields }) =>
        `${level} ${message} ${JSON.stringify(fields)}`
      );
      throw new Error(`${(error as Error).message}\n${JSON.stringify(last)}\n${log.join("\n")}`);
    }
  }
}

const ACTIONS: Readonly<Record<string, string>> = {
  "added finalizer to binding": "addFinalizer",
  "minted credential and wrote it to Secret": "mint",
  "attached Secret to service account": "addReference",
  "detached Secrets from service account": "removeReferences",
  "wrote status of binding": "writeStatus",
  "looked at Secret by its name": "inspectSecret",
  "put label and annotations of Secret right": "adoptSecret",
  "deleted Secret": "deleteSecret",
};
