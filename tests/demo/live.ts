import { BINDING_LABEL } from "../../src/controller/conventions.ts";
import { secrets } from "../../src/kubernetes/resources/built_in.ts";
import { sleep } from "../../src/runtime/time/clock.ts";
import { changeLines } from "./changes.ts";
import { NAMESPACE } from "./installation.ts";
import { type BindingRow, observeBindings } from "./observe.ts";
import type { Screen, Terminal } from "./screen.ts";
import { renderView, type ViewState } from "./view.ts";
import type { World } from "./world.ts";

/** Where the live view goes: a screen to draw on, or lines one after another. */
export type Output =
  | {
    readonly kind: "screen";
    readonly screen: Screen;
    readonly terminal: Terminal;
    readonly colour: boolean;
  }
  | { readonly kind: "lines"; readonly print: (line: string) => void };

const REDRAW_MS = 1_000;
/** Until the first Secret is there, its moment is looked for more often than the view is drawn. */
const EAGER_MS = 100;
const LOG_LINES = 20;

/** Applies the samples, then shows what happens until `signal` aborts. */
export async function runLive(world: World, output: Output, signal: AbortSignal): Promise<void> {
  const observer = new Observer(world, output);
  await world.applySamples(signal);
  await untilAborted(signal, () =>
    Promise.all([
      observer.observe(signal),
      ...(output.kind === "screen" ? [observer.draw(signal)] : []),
    ]));
}

/** What has been seen of the world, and its way to the output. */
class Observer {
  readonly #world: World;
  readonly #output: Output;
  #bindings: readonly BindingRow[] = [];
  #firstSecretMs: number | undefined;
  #problem: string | undefined;

  constructor(world: World, output: Output) {
    this.#world = world;
    this.#output = output;
  }

  async observe(signal: AbortSignal): Promise<never> {
    const { clock } = this.#world.nature;
    for (;;) {
      await this.#look(signal);
      await sleep(clock, this.#firstSecretMs === undefined ? EAGER_MS : REDRAW_MS, signal);
    }
  }

  /** Apart from observing, so that the countdown goes on while a server does not answer. */
  async draw(signal: AbortSignal): Promise<never> {
    for (;;) {
      this.#redraw();
      await sleep(this.#world.nature.clock, REDRAW_MS, signal);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { rest, selection, nature } = this.#world;
    try {
      if (this.#firstSecretMs === undefined) await this.#lookForSecret(signal);
      const bindings = await observeBindings(rest, { ...selection, signal });
      const changes = changeLines(this.#bindings, bindings, nature.clock.now());
      this.#bindings = bindings;
      this.#problem = undefined;
      this.#tell(changes);
    } catch (error) {
      signal.throwIfAborted();
      const problem = error instanceof Error ? error.message : String(error);
      const news = problem === this.#problem ? [] : [problem];
      this.#problem = problem;
      this.#tell(news);
    }
  }

  async #lookForSecret(signal: AbortSignal): Promise<void> {
    const { rest, nature } = this.#world;
    const selection = { namespace: NAMESPACE, labelSelector: BINDING_LABEL, signal };
    const found = await secrets(rest).metadataOnly().list(selection);
    if (found.items.length === 0) return;
    this.#firstSecretMs = nature.monotonic();
    this.#tell([`first Secret ${(this.#firstSecretMs / 1000).toFixed(2)} s after the command`]);
  }

  /** News is drawn at once, or printed. */
  #tell(lines: readonly string[]): void {
    if (this.#output.kind === "screen") {
      if (lines.length > 0) this.#redraw();
      return;
    }
    const seconds = (this.#world.nature.monotonic() / 1000).toFixed(1).padStart(7);
    for (const line of lines) this.#output.print(`${seconds} s  ${line}`);
  }

  #redraw(): void {
    if (this.#output.kind !== "screen") return;
    const { screen, terminal, colour } = this.#output;
    screen.draw(renderView(this.#state(), { ...terminal.size(), colour }));
  }

  #state(): ViewState {
    const { endpoint, nature, azure, log } = this.#world;
    return {
      title: endpoint.title,
      kubectl: endpoint.kubectl,
      notes: this.#world.shortNotes,
      now: nature.clock.now(),
      elapsedMs: nature.monotonic(),
      bindings: this.#bindings,
      azureCalls: azure.counts(),
      log: log.lines(LOG_LINES),
      ...(this.#firstSecretMs === undefined ? {} : { firstSecretMs: this.#firstSecretMs }),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }
}

/** Resolves where `work` rejects because `signal` aborted. */
async function untilAborted(signal: AbortSignal, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
