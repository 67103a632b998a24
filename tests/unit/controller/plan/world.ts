import assert from "node:assert/strict";
import { APIS } from "../../../../src/controller/binding/apis.ts";
import type { AcrPullBinding as BindingV1 } from "../../../../src/api/v1beta1.ts";
import type { AcrPullBinding as BindingV2 } from "../../../../src/api/v1beta2.ts";
import type { BindingStatus, BindingView } from "../../../../src/controller/binding/view.ts";
import type { Action, MintAction } from "../../../../src/controller/plan/actions.ts";
import type {
  Content,
  Inspection,
  SecretOwner,
  SecretState,
} from "../../../../src/controller/plan/snapshot.ts";
import type { Trouble } from "../../../../src/controller/plan/trouble.ts";
import type { Stored } from "../../../../src/kubernetes/resources/resource_client.ts";
import { FINALIZER, HOUR, NOW, SECOND, SETTINGS, time } from "../builders.ts";
import { inputsOfAttempt, plan, type Snapshot } from "./planning.ts";
import { kindOfReference, viewOfV1beta1, viewOfV1beta2 } from "../views.ts";

/** What a Secret's data are worth. */
interface Data {
  readonly server: string;
  readonly expiresAt: number;
  readonly mintedAt: number;
}

export interface WorldSecret {
  readonly name: string;
  readonly uid: string;
  version: number;
  label?: string;
  owner?: SecretOwner;
  ownedByOthers: boolean;
  annotations: Record<string, string>;
  dataIsOurs: boolean;
  /** Undefined for what holds no credential. */
  data: Data | undefined;
  /** Of another type, which no update mends. */
  readonly wrongType: boolean;
  /** Finalizers of others. */
  finalizers: string[];
  /** Deleted, and there only for its finalizers. */
  terminating: boolean;
}

export interface WorldAccount {
  readonly name: string;
  uid: string;
  pullSecrets: string[];
  clientId?: string;
  tenantId?: string;
}

export type WorldBinding =
  | { readonly api: "v1beta1"; object: Stored<BindingV1> }
  | { readonly api: "v1beta2"; object: Stored<BindingV2> };

const EXPIRY = "acr.microsoft.com/token.expiry";
const REFRESH = "acr.microsoft.com/token.refresh";
const INPUTS = "acr.microsoft.com/token.inputs";
const IDENTITY = "acr.microsoft.com/token.identity";
const BINDING_LABEL = "acr.microsoft.com/binding";

const TOKEN_LIFE = 3 * HOUR;
const RETRY_MS = 10 * SECOND;

/** No binding needs more passes to settle, whatever it finds. */
export const MOST_PASSES = 8;

/** The write was made from something that is no longer so, or what it needs is not there. */
class Refused extends Error {
  readonly race: boolean;
  constructor(message: string, race: boolean) {
    super(message);
    this.race = race;
  }
}

/**
 * One namespace, as far as plans see and change it, and an interpreter of actions that is written
 * from their meaning alone. It throws where an action breaks a promise: touches what is another's,
 * or takes a credential away whose successor is not there.
 */
export class World {
  now = NOW;
  readonly bindings = new Map<string, WorldBinding>();
  readonly secrets = new Map<string, WorldSecret>();
  readonly accounts = new Map<string, WorldAccount>();
  azureWorks = true;
  /** Whether RBAC lets the operator write ServiceAccounts. */
  mayWriteAccounts = true;
  keepsConditions = true;
  /** When each binding is to be looked at again, by its last pass. */
  readonly wakes = new Map<string, number>();
  /** Writes of every kind so far. */
  writes = 0;
  readonly #inspections = new Map<string, Inspection>();
  readonly #troubles = new Map<string, Trouble>();
  #lastId = 0;

  nextId(): number {
    return ++this.#lastId;
  }

  addBinding(binding: WorldBinding): void {
    this.bindings.set(`${binding.api}/${binding.object.metadata.name}`, binding);
  }

  view(key: string): BindingView | undefined {
    const binding = this.bindings.get(key);
    if (binding === undefined) return undefined;
    return binding.api === "v1beta1"
      ? viewOfV1beta1(binding.object, SETTINGS)
      : viewOfV1beta2(binding.object, SETTINGS);
  }

  /** Everything labelled and every account: more than a plan is promised, never less. */
  snapshot(key: string): Snapshot | undefined {
    const binding = this.view(key);
    if (binding === undefined) return undefined;
    const labelled = [...this.secrets.values()].filter(({ label }) => label !== undefined);
    const inspection = this.#inspections.get(key);
    const trouble = this.#troubles.get(key);
    return {
      binding,
      rules: APIS.named(binding.api),
      secrets: labelled.map(stateOf),
      serviceAccounts: new Map(
        [...this.accounts.values()].map((account) => [
          account.name,
          { ...account, pullSecrets: [...account.pullSecrets] },
        ]),
      ),
      keepsConditions: this.keepsConditions,
      ...(inspection === undefined ? {} : { inspection }),
      ...(trouble === undefined ? {} : { trouble }),
    };
  }

  /** Plans and acts for all bindings in turn until none has anything to do. Answers the wake-up. */
  settle(): number {
    for (let pass = 0; pass <= MOST_PASSES * 2; pass++) {
      const before = this.writes;
      for (const key of [...this.bindings.keys()]) this.wakes.set(key, this.settleOne(key));
      if (this.writes === before) return Math.min(Infinity, ...this.wakes.values());
    }
    throw new Error("bindings keep undoing one another");
  }

  /** Plans and acts for one binding until it has nothing to do. Answers the wake-up. */
  settleOne(key: string): number {
    for (let pass = 0; pass < MOST_PASSES; pass++) {
      const snapshot = this.snapshot(key);
      if (snapshot === undefined) return this.#forget(key);
      const { actions, wakeAt } = plan(snapshot, this.now);
      if (actions.length === 0) {
        this.#rest(key, snapshot);
        return wakeAt ?? Infinity;
      }
      this.#carryOut(key, snapshot, actions);
    }
    throw new Error(`${key} does not settle within ${MOST_PASSES} passes`);
  }

  #forget(key: string): number {
    this.#inspections.delete(key);
    this.#troubles.delete(key);
    return Infinity;
  }

  #rest(key: string, snapshot: Snapshot): void {
    const inspection = this.#inspections.get(key);
    if (inspection?.kind !== "found" || inspection.secret.label === undefined) {
      this.#inspections.delete(key);
    }
    const trouble = this.#troubles.get(key);
    if (trouble === undefined) return;
    if (trouble.retryAt <= this.now || trouble.inputs !== inputsOfAttempt(snapshot)) {
      this.#troubles.delete(key);
    }
  }

  #carryOut(key: string, snapshot: Snapshot, actions: readonly Action[]): void {
    for (const action of actions) {
      const served = this.#served(snapshot.binding);
      try {
        this.#apply(key, snapshot.binding, action);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (error.race) this.#inspections.set(key, this.#read(snapshot.binding));
        else this.#note(key, snapshot, action);
        return;
      }
      if (served && !this.#served(snapshot.binding)) {
        throw new Error(`${action.kind} took the credential of ${key} away`);
      }
      if (!this.bindings.has(key)) return;
    }
  }

  #note(key: string, snapshot: Snapshot, { kind }: Action): void {
    const retryAt = this.now + RETRY_MS;
    this.#troubles.set(key, {
      action: kind,
      failures: 1,
      failedAt: this.now,
      retryAt,
      class: "transient",
      reason: "Timeout",
      message: "IMDS did not answer. Wait.",
      inputs: inputsOfAttempt(snapshot),
    });
  }

  /** Whether pods of the binding's target have a credential of its that is valid. */
  #served(binding: BindingView): boolean {
    if (binding.deleting || !this.bindings.has(keyOf(binding))) return false;
    const names = this.accounts.get(binding.target)?.pullSecrets ?? [];
    return names.some((name) => {
      const secret = this.secrets.get(name);
      return secret?.owner?.uid === binding.uid && isValid(secret, this.now);
    });
  }

  #apply(key: string, binding: BindingView, action: Action): void {
    switch (action.kind) {
      case "inspectSecret":
        assert.equal(action.name, binding.secretName);
        this.#inspections.set(key, this.#read(binding));
        return;
      case "addFinalizer":
        assert.ok(!binding.finalizers.includes(FINALIZER));
        return this.#setFinalizers(key, [...binding.finalizers, FINALIZER]);
      case "removeFinalizer":
        assert.ok(binding.deleting);
        this.#assertAllGone(binding);
        return this.#setFinalizers(key, binding.finalizers.filter((name) => name !== FINALIZER));
      case "mint":
        return this.#mint(key, binding, action);
      case "adoptSecret":
        return this.#adopt(binding, action);
      case "deleteSecret":
        return this.#delete(binding, action.secret);
      case "addReference":
        return this.#addReference(binding, action.serviceAccount, action.secret);
      case "removeReferences":
        return this.#removeReferences(binding, action.serviceAccount, action.secrets);
      case "writeStatus":
        return this.#writeStatus(key, action.status);
    }
  }

  /** A binding is let go only once nothing of it is left. */
  #assertAllGone(binding: BindingView): void {
    for (const { name, owner, label } of this.secrets.values()) {
      const isLeft = owner?.uid === binding.uid && label !== undefined;
      assert.ok(!isLeft, `Secret ${name} is left of ${keyOf(binding)}`);
    }
  }

  #setFinalizers(key: string, finalizers: string[]): void {
    this.writes++;
    const { object } = this.bindings.get(key)!;
    object.metadata.finalizers = finalizers;
    const gone = object.metadata.deletionTimestamp !== undefined && finalizers.length === 0;
    if (gone) this.bindings.delete(key);
  }

  #mint(key: string, binding: BindingView, { request, write, identityHash }: MintAction): void {
    if (!this.azureWorks) throw new Refused("Azure does not answer", false);
    const present = this.secrets.get(binding.secretName);
    assert.ok(!present?.terminating || write.mode === "create", "it is on its way out");
    if (write.mode === "create") {
      if (present !== undefined) throw new Refused("AlreadyExists", true);
    } else {
      const secret = this.#current(write.secret);
      if (write.mode === "update") {
        assert.equal(
          secret.owner?.uid,
          binding.uid,
          "an update must meet the binding's own Secret",
        );
        assert.ok(!secret.wrongType, "no update mends a Secret's type");
        this.#assertLabelKept(secret, binding, binding.label);
      } else {
        this.#assertOwn(secret, binding);
        this.#remove(secret);
      }
    }
    this.writes++;
    const kept = write.mode === "update" ? present : undefined;
    this.secrets.set(binding.secretName, {
      name: binding.secretName,
      uid: kept?.uid ?? `uid-${this.nextId()}`,
      version: this.nextId(),
      label: binding.label,
      owner: { apiVersion: binding.apiVersion, name: binding.name, uid: binding.uid },
      ownedByOthers: kept?.ownedByOthers ?? false,
      annotations: {
        [EXPIRY]: time(this.now + TOKEN_LIFE),
        [REFRESH]: time(this.now),
        [INPUTS]: binding.inputsHash,
        ...(identityHash === undefined ? {} : { [IDENTITY]: identityHash }),
      },
      dataIsOurs: true,
      data: { server: request.server, mintedAt: this.now, expiresAt: this.now + TOKEN_LIFE },
      wrongType: false,
      finalizers: kept?.finalizers ?? [],
      terminating: false,
    });
    this.#inspections.delete(key);
  }

  #adopt(
    binding: BindingView,
    { secret: decided, labels, annotations }: Extract<Action, { kind: "adoptSecret" }>,
  ): void {
    const secret = this.#current(decided);
    assert.equal(secret.owner?.uid, binding.uid, "only the binding's own Secret is adopted");
    assert.ok(Object.keys(labels).every((name) => name === BINDING_LABEL));
    assert.ok(Object.keys(annotations).every((name) => [EXPIRY, REFRESH, INPUTS].includes(name)));
    assert.ok(isValid(secret, this.now), "only a valid credential is adopted");
    const label = labels[BINDING_LABEL];
    if (label !== undefined) {
      this.#assertLabelKept(secret, binding, label);
      secret.label = label;
    }
    Object.assign(secret.annotations, annotations);
    secret.version = this.nextId();
    this.writes++;
  }

  /** As the reference's admission policy has it. */
  #assertLabelKept(secret: WorldSecret, binding: BindingView, label: string): void {
    if (binding.api === "v1beta2") assert.equal(label, secret.label, "a policy fixes this label");
  }

  #delete(binding: BindingView, decided: SecretState): void {
    const secret = this.#current(decided);
    this.#assertOwn(secret, binding);
    if (!binding.deleting) {
      assert.notEqual(
        secret.name,
        binding.secretName,
        "the binding's Secret is never just deleted",
      );
      assert.ok(this.#served(binding), "the successor must be attached first");
    }
    this.writes++;
    this.#remove(secret);
  }

  /** One that finalizers hold is only marked, which is for the plan to find out. */
  #remove(secret: WorldSecret): void {
    assert.ok(!secret.terminating, "it has been deleted already");
    if (secret.finalizers.length === 0) {
      this.secrets.delete(secret.name);
      return;
    }
    secret.terminating = true;
    secret.version = this.nextId();
    throw new Refused("held", true);
  }

  #addReference(binding: BindingView, name: string, secret: string): void {
    assert.deepEqual([name, secret], [binding.target, binding.secretName]);
    const account = this.#writable(name);
    assert.equal(this.secrets.get(secret)?.owner?.uid, binding.uid, "attached is only one's own");
    assert.ok(!account.pullSecrets.includes(secret), "it is attached already");
    account.pullSecrets.push(secret);
    this.writes++;
  }

  #removeReferences(binding: BindingView, name: string, secrets: readonly string[]): void {
    const account = this.#writable(name);
    for (const secretName of secrets) {
      assert.ok(account.pullSecrets.includes(secretName), "it is detached already");
      const secret = this.secrets.get(secretName);
      if (secret === undefined) assert.equal(secretName, binding.secretName);
      else this.#assertOwn(secret, binding);
    }
    account.pullSecrets = account.pullSecrets.filter((each) => !secrets.includes(each));
    this.writes++;
  }

  #writable(name: string): WorldAccount {
    const account = this.accounts.get(name);
    if (account === undefined) throw new Refused("NotFound", true);
    if (!this.mayWriteAccounts) throw new Refused("Forbidden", false);
    return account;
  }

  #writeStatus(key: string, status: BindingStatus): void {
    const { object } = this.bindings.get(key)!;
    const { conditions, observedGeneration, ...reference } = status;
    // A merge patch: times that are not named stay, an error that is not named goes.
    const { error: _, ...before } = object.status ?? {};
    object.status = {
      ...before,
      ...reference,
      ...(this.keepsConditions ? { conditions, observedGeneration } : {}),
    } as NonNullable<typeof object.status>;
    this.writes++;
  }

  /** The very Secret that was decided on. */
  #current({ name, uid, resourceVersion }: SecretState): WorldSecret {
    const secret = this.secrets.get(name);
    if (secret?.uid === uid && String(secret.version) === resourceVersion) return secret;
    throw new Refused("Conflict", true);
  }

  #read(binding: BindingView): Inspection {
    const secret = this.secrets.get(binding.secretName);
    if (secret === undefined) return { kind: "absent" };
    const server = binding.credential.kind === "invalid" ? undefined : binding.credential.server;
    return { kind: "found", secret: stateOf(secret), content: contentOf(secret, server) };
  }

  #assertOwn(secret: WorldSecret, binding: BindingView): void {
    assert.ok(this.isOwn(secret, binding), `${secret.name} is not ${keyOf(binding)}'s to touch`);
  }

  /**
   * Whether a Secret may be changed for a binding: its owner is the binding, or one of the same API
   * and name that is no more; one that nobody owns must have the name and the label of the API.
   */
  isOwn(secret: WorldSecret, binding: BindingView): boolean {
    const { owner } = secret;
    if (owner?.uid === binding.uid) return true;
    if (owner !== undefined) {
      const alive = [...this.bindings.values()].some(({ object }) =>
        object.metadata.uid === owner.uid
      );
      const group = (apiVersion: string) => apiVersion.split("/")[0];
      return !alive && owner.name === binding.name &&
        group(owner.apiVersion) === group(binding.apiVersion);
    }
    return !secret.ownedByOthers && secret.label === binding.label &&
      kindOfReference(secret.name) === binding.api;
  }
}

export function keyOf({ api, name }: BindingView): string {
  return `${api}/${name}`;
}

/** Whether the data of a Secret let pods pull from the registry for which they are. */
export function isValid(secret: WorldSecret, now: number): boolean {
  return !secret.wrongType && secret.data !== undefined && secret.data.expiresAt > now;
}

function stateOf(secret: WorldSecret): SecretState {
  const { name, uid, version, label, owner, ownedByOthers, annotations, dataIsOurs } = secret;
  const pick = (key: keyof SecretState, value: string | undefined) =>
    value === undefined ? {} : { [key]: value };
  return {
    name,
    uid,
    resourceVersion: String(version),
    ownedByOthers,
    dataIsOurs,
    ...(label === undefined ? {} : { label }),
    ...(owner === undefined ? {} : { owner }),
    ...pick("expiry", annotations[EXPIRY]),
    ...pick("refresh", annotations[REFRESH]),
    ...pick("inputs", annotations[INPUTS]),
    ...pick("identity", annotations[IDENTITY]),
    ...(secret.terminating ? { heldBy: secret.finalizers } : {}),
  };
}

function contentOf(secret: WorldSecret, server: string | undefined): Content {
  if (secret.wrongType) return { kind: "broken", why: "is of type Opaque", immutable: true };
  const { data } = secret;
  if (data === undefined || data.server !== server) {
    return { kind: "broken", why: "holds no intact credential", immutable: false };
  }
  return { kind: "intact", expiresAt: data.expiresAt, mintedAt: data.mintedAt };
}
