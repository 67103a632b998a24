import type { RestClient } from "../../src/kubernetes/http/contract.ts";
import { withRetries } from "../../src/kubernetes/http/retry.ts";
import type { Clock } from "../../src/runtime/time/clock.ts";
import type { Random } from "../../src/runtime/random.ts";
import { FakeAzure } from "../sandbox/azure/azure.ts";
import { OWN_SELECTOR } from "./apply.ts";
import type { Endpoint } from "./endpoint.ts";
import { knowledgeOf } from "./azure.ts";
import { applySamples, clear, install, NAMESPACE, uninstall } from "./installation.ts";
import { LogTail } from "./log_tail.ts";
import { type RunningOperator, startOperator } from "./operator.ts";
import type { Manifest, Sample } from "./samples.ts";
import {
  announcement,
  OWN_BINDING_NOTE,
  OWN_LABEL_NOTE,
  refusal,
  type Survey,
  survey,
} from "./survey.ts";

/** Time and chance, passed in. */
export interface Nature {
  readonly clock: Clock;
  /** Milliseconds since the command began. */
  readonly monotonic: () => number;
  readonly random: Random;
}

/** What the demo is made of. */
export interface Content {
  readonly crds: readonly Manifest[];
  readonly samples: readonly Sample[];
  /** How long registry tokens live. */
  readonly tokenLifetimeMs: number;
  /** Whether the fake Azure knows all that is well-formed; else only what the samples name. */
  readonly knowsAll: boolean;
}

/** What stands in the way of beginning, as a sentence with its remedy. */
export class RefusalError extends Error {
  override readonly name = "RefusalError";
}

/** How long cleaning up may take, whatever the server does. */
const CLEANUP_MS = 12_000;

/** A cluster, a fake Azure and an operator between them. */
export class World implements AsyncDisposable {
  readonly azure: FakeAzure;
  readonly log = new LogTail(NAMESPACE);
  readonly endpoint: Endpoint;
  readonly nature: Nature;
  readonly content: Content;
  readonly rest: RestClient;
  readonly #resources = new AsyncDisposableStack();
  #found: Survey | undefined;
  #begun = false;
  #operator: RunningOperator | undefined;

  constructor(endpoint: Endpoint, content: Content, nature: Nature) {
    this.endpoint = endpoint;
    this.content = content;
    this.nature = nature;
    const { tokenLifetimeMs: life } = content;
    const { clock } = nature;
    this.azure = new FakeAzure({
      clock,
      tokenLifetimeMs: { refresh: life, access: life },
      ...(content.knowsAll
        ? {}
        : knowledgeOf(content.samples, (namespace) => namespace === NAMESPACE)),
    });
    const client = endpoint.connect();
    this.#resources.defer(() => client.close());
    this.rest = withRetries(client, nature);
  }

  /** The bindings that the demo and its operator look at. */
  get selection(): { namespace?: string; labelSelector?: string } {
    return this.endpoint.shared ? { namespace: NAMESPACE, labelSelector: OWN_SELECTOR } : {};
  }

  /** What a user should know who tries bindings of their own, one sentence an item. */
  get notes(): string[] {
    return this.endpoint.shared ? [OWN_BINDING_NOTE] : [];
  }

  /** The same in the rows that the live view has for it. */
  get shortNotes(): string[] {
    return this.endpoint.shared ? [OWN_LABEL_NOTE] : [];
  }

  /** How many bindings the samples hold. */
  get sampleBindings(): number {
    return this.content.samples.filter(({ object }) => object.kind === "AcrPullBinding").length;
  }

  /**
   * What is about to be done to the user's cluster; nothing for one of our own. Rejects with
   * RefusalError where that would do harm.
   */
  async announce(signal: AbortSignal): Promise<string[]> {
    if (!this.endpoint.shared) return [];
    this.#found = await survey(this.rest, this.content.crds, this.nature.clock, signal);
    const reason = refusal(this.#found);
    if (reason !== undefined) throw new RefusalError(reason);
    return announcement(this.#found, this.sampleBindings);
  }

  /** Makes CRDs and namespace, and starts the operator. To be called once, after `announce`. */
  async begin(signal: AbortSignal): Promise<void> {
    const { clock } = this.nature;
    this.#begun = true;
    await install(this.rest, this.#found?.crdsToInstall ?? this.content.crds, clock, signal);
    if (this.#found?.namespace === "ours") await clear(this.rest, signal);
    this.#operator = startOperator({
      rest: this.endpoint.connect(),
      azureFetch: this.azure.fetch,
      labelSelector: this.selection.labelSelector ?? "",
      log: this.log.add,
      ...this.nature,
    });
  }

  /** Creates the samples. */
  async applySamples(signal: AbortSignal): Promise<void> {
    await applySamples(this.rest, this.content.samples, signal);
  }

  /** Rejects when the operator ends by itself. */
  get operatorEnded(): Promise<void> {
    return this.#operator?.ended ?? Promise.resolve();
  }

  /** Takes back what was done to the user's cluster. Answers what is left on purpose. */
  async cleanUp(): Promise<string[]> {
    if (!this.endpoint.shared || !this.#begun) return [];
    const enough = new AbortController();
    const reason = new Error(`the server has not let go within ${CLEANUP_MS / 1000} s`);
    const cancel = this.nature.clock.after(CLEANUP_MS, () => enough.abort(reason));
    try {
      return await uninstall(this.rest, this.nature.clock, enough.signal);
    } finally {
      cancel();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#operator?.[Symbol.asyncDispose]();
    await this.#resources.disposeAsync();
  }
}
