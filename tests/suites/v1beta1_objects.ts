import type { AcrPullBinding } from "../../src/api/v1beta1.ts";
import type { Secret, ServiceAccount } from "../../src/kubernetes/core.ts";
import type { Stored } from "../../src/kubernetes/resource.ts";
import type { CallKind } from "../sandbox/azure/calls.ts";
import type { AnyObject } from "./cluster_admin.ts";
import { eventually } from "./eventually.ts";
import type { OperatorRig } from "./operator_rig.ts";

/** An identity that the fake Azure knows, as it knows every well-formed one. */
export const CLIENT_ID = "1b461305-28be-5271-beda-bd9fd2e24251";

export type BindingObject = Stored<AcrPullBinding>;
export type SecretObject = Stored<Secret>;

const API_VERSION = "msi-acrpull.microsoft.com/v1beta1";
const BINDING = { apiVersion: API_VERSION, kind: "AcrPullBinding", name: "pull" };
const SECRET = { apiVersion: "v1", kind: "Secret", name: "pull-msi-acrpull-secret" };

/** A v1beta1 binding named `pull` and what belongs to it, as a test handles and sees them. */
export class V1 {
  readonly rig: OperatorRig;

  constructor(rig: OperatorRig) {
    this.rig = rig;
  }

  createAccount(name: string, imagePullSecrets: { name: string }[] = []): Promise<void> {
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name } };
    return this.rig.admin.create({ ...account, imagePullSecrets } as AnyObject);
  }

  createBinding(object: { spec?: AcrPullBinding["spec"] } = {}): Promise<void> {
    const { name, ...type } = BINDING;
    const spec = { acrServer: "bench.azurecr.io", managedIdentityClientID: CLIENT_ID };
    return this.rig.admin.create({ ...type, metadata: { name }, spec, ...object } as AnyObject);
  }

  /** A binding with a fresh credential, attached to `default`. */
  async establish(): Promise<SecretObject> {
    await this.createAccount("default");
    await this.createBinding();
    await this.ready();
    return (await this.secret())!;
  }

  binding(): Promise<BindingObject | undefined> {
    return this.rig.admin.get<BindingObject>(BINDING);
  }

  bindingOnce(condition: (binding: BindingObject) => boolean): Promise<BindingObject> {
    return this.#once("the binding is as expected", () => this.binding(), condition);
  }

  /** The binding once it is Ready without error, for its present generation. */
  ready(): Promise<BindingObject> {
    return this.bindingOnce((binding) =>
      this.readiness(binding) === "True/CredentialAttached" &&
      binding.status!.error === undefined &&
      binding.status!.observedGeneration === binding.metadata.generation
    );
  }

  /** `status/reason` of the condition Ready. */
  readiness({ status }: BindingObject): string {
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    return ready === undefined ? "none" : `${ready.status}/${ready.reason}`;
  }

  patchBinding(patch: unknown): Promise<void> {
    return this.rig.admin.mergePatch(BINDING, patch);
  }

  deleteBinding(): Promise<void> {
    return this.rig.admin.delete(BINDING);
  }

  /** Resolves when the binding and its Secret are no more. */
  async gone(): Promise<void> {
    await eventually("binding and Secret are gone", async () => {
      const left = [await this.binding(), await this.secret()];
      return left.every((object) => object === undefined) || undefined;
    });
  }

  secret(): Promise<SecretObject | undefined> {
    return this.rig.admin.get<SecretObject>(SECRET);
  }

  secretOnce(condition: (secret: SecretObject) => boolean): Promise<SecretObject> {
    return this.#once("the Secret is as expected", () => this.secret(), condition);
  }

  patchSecret(patch: unknown): Promise<void> {
    return this.rig.admin.mergePatch(SECRET, patch);
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
  }

  /** Versions of everything in the namespace, to tell whether anything was written. */
  async resourceVersions(): Promise<Record<string, string>> {
    const { admin } = this.rig;
    const objects = [
      ...await admin.bindings(),
      ...await admin.list<AnyObject>("v1", "Secret"),
      ...await admin.list<AnyObject>("v1", "ServiceAccount"),
    ] as Stored<AnyObject & { metadata: object }>[];
    return Object.fromEntries(
      objects.map(({ kind, metadata }) => [`${kind}/${metadata.name}`, metadata.resourceVersion]),
    );
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
  }

  async #once<T>(
    what: string,
    read: () => Promise<T | undefined>,
    condition: (value: T) => boolean,
  ): Promise<T> {
    let last: T | undefined;
    try {
      return await eventually(what, async () => {
        last = await read();
        return last !== undefined && condition(last) ? last : undefined;
      });
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
  "read Secret to judge its data": "inspectSecret",
  "put label and annotations of Secret right": "adoptSecret",
  "deleted Secret": "deleteSecret",
};
