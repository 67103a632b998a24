import { fileURLToPath } from "node:url";
import { BINDING_LABEL, CLIENT_ID_ANNOTATION } from "../../../src/controller/conventions.ts";
import type { ControlPlane } from "../../e2e/servers/control_plane.ts";
import { applyManifests, installCrds } from "../../e2e/servers/manifests.ts";
import { eventually } from "../../suites/eventually.ts";
import { BenchNamespace } from "./namespace.ts";
import { pooled } from "./pool.ts";
import { accountName, GROUPS, oneIdentity, workloadIdentities } from "./workload.ts";

/** How many there are of each. */
export interface Hostility {
  /** ServiceAccounts of up to 7.8 MB of JSON, each the target of a binding. */
  readonly accounts: number;
  /** Secrets with the operator's label and 250 KB of annotations. */
  readonly secrets: number;
  /** Bindings with a scope of 1 MB, which only CRDs without bounds admit. */
  readonly scopes: number;
}

/** The reference's CRDs bound nothing. */
const UNBOUNDED = fileURLToPath(new URL("../../data/reference-chart/crds.yaml", import.meta.url));

/** Nobody bounds the text of a reference to an owner but etcd, whose objects have 1.5 MiB. */
const OWNER = 1_300_000;
/** Kubernetes admits 256 KiB of annotations to an object. */
const ANNOTATION = 250_000;
const NAMES = 10_000;
const SCOPE = 1_000_000;
const SETTLED_WITHIN_MS = 60_000;
/** A list of them is some megabytes. */
const POLL_MS = 500;
/** No more at once: each is some megabytes to the API server. */
const WIDTH = 4;

/** A namespace in which a tenant has made everything as large as the API server lets them. */
export class HostileNamespace implements AsyncDisposable {
  readonly #namespace: BenchNamespace;
  readonly #accounts: readonly string[];

  private constructor(namespace: BenchNamespace, accounts: readonly string[]) {
    this.#namespace = namespace;
    this.#accounts = accounts;
  }

  static async create(plane: ControlPlane, hostility: Hostility): Promise<HostileNamespace> {
    const targeted = oneIdentity(hostility.accounts);
    await using resources = new AsyncDisposableStack();
    const namespace = resources.use(await BenchNamespace.create(plane, targeted));
    const accounts = numbers(hostility.accounts).map((index) => accountName(targeted, index));
    await pooled(accounts, WIDTH, async (name, index) => {
      await namespace.patch("serviceaccounts", name, largeAccount(index));
    });
    await pooled(numbers(hostility.secrets), WIDTH, async (index) => {
      await namespace.create("secrets", largeSecret(index));
    });
    await createScopes(plane, namespace, hostility.scopes);
    resources.move();
    return new HostileNamespace(namespace, accounts);
  }

  /** Changes every large account, so that watches tell of it whole. */
  async touch(): Promise<void> {
    const annotations = { touched: crypto.randomUUID() };
    await pooled(this.#accounts, WIDTH, async (name) => {
      await this.#namespace.patch("serviceaccounts", name, { metadata: { annotations } });
    });
  }

  /** Resolves when the bindings of large accounts are ready, and those of long scopes refused. */
  async settled(): Promise<void> {
    const deadline = performance.now() + SETTLED_WITHIN_MS;
    while (!await this.#isSettled()) {
      if (performance.now() > deadline) throw new Error("bindings among large objects hang");
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #isSettled(): Promise<boolean> {
    const lists = await Promise.all(GROUPS.map((group) => this.#namespace.listBindings(group)));
    const bindings = lists.flatMap(({ items }) => items);
    return bindings.every(({ status }) => (status?.conditions ?? []).length > 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#namespace[Symbol.asyncDispose]();
  }
}

/** In one half an owner whose JSON takes six bytes for a character, in the other all else. */
function largeAccount(index: number): object {
  return index % 2 === 0 ? ownedAccount() : filledAccount(index);
}

function ownedAccount(): object {
  const owner = { apiVersion: "x.example/v1", kind: "<".repeat(OWNER), name: "n", uid: "u" };
  return { metadata: { ownerReferences: [owner] } };
}

/** Of JSON that takes six bytes for a character every fourth, of names that may be ours all. */
function filledAccount(index: number): object {
  const text = (index % 4 === 1 ? "<" : "x").repeat(ANNOTATION / 2);
  return {
    metadata: { annotations: { note: text, [CLIENT_ID_ANNOTATION]: text } },
    imagePullSecrets: numbers(NAMES).map((each) => ({ name: `acr-pull-nobody-${each}` })),
    secrets: numbers(NAMES).map((each) => ({ name: `nobody-of-${index}-${each}` })),
  };
}

function largeSecret(index: number): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: `large-${index}`,
      labels: { [BINDING_LABEL]: `nobody-${index}` },
      annotations: { note: "x".repeat(ANNOTATION) },
    },
  };
}

/** Stores bindings as they may be left from the reference's CRDs, and puts the bounds back. */
async function createScopes(
  plane: ControlPlane,
  namespace: BenchNamespace,
  count: number,
): Promise<void> {
  const { apiVersion, spec } = workloadIdentities(count);
  await applyManifests(plane, [UNBOUNDED]);
  try {
    await pooled(numbers(count), WIDTH, async (index) => {
      const { acr, ...others } = spec(index) as { acr: object };
      const scope = `repository:${"a".repeat(SCOPE)}:pull`;
      const binding = {
        apiVersion,
        kind: "AcrPullBinding",
        metadata: { name: `scope-${index}` },
        spec: { ...others, acr: { ...acr, scope } },
      };
      // The API server learns of the other schema a moment later.
      await eventually("a scope of 1 MB is admitted", async () => {
        return await namespace.create(apiVersion, binding).then(() => true, () => undefined);
      });
    });
  } finally {
    await installCrds(plane);
    // It refuses what is asked while it goes from one schema to the other.
    for (const group of GROUPS) {
      await eventually(`${group} is served`, async () => {
        return await namespace.listBindings(group).then(() => true, () => undefined);
      });
    }
  }
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
