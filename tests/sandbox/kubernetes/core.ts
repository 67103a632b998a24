import type { Clock } from "../../../src/runtime/time/clock.ts";
import type { Random } from "../../../src/runtime/random.ts";
import type { Admission } from "./admission.ts";
import { timeText } from "./model/object.ts";
import { Registry } from "./registry.ts";
import { Store } from "./storage/store.ts";

/** What the verbs share: the objects, the kinds, time and chance. */
export class Core {
  readonly store: Store;
  readonly registry = new Registry();
  readonly clock: Clock;
  readonly random: Random;
  /** What webhooks and policies do to every write. */
  admission: Admission = {};

  constructor(options: { clock: Clock; random: Random; historySize: number }) {
    this.clock = options.clock;
    this.random = options.random;
    this.store = new Store(options.historySize);
  }

  /** The present moment as metadata writes it. */
  timestamp(): string {
    return timeText(this.clock.now());
  }

  /** A version 4 UUID. */
  uid(): string {
    const bytes = Array.from({ length: 16 }, () => Math.floor(this.random() * 256));
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  /** A name from generateName: five characters that spell no word. */
  generatedName(prefix: string): string {
    const alphabet = "bcdfghjklmnpqrstvwxz2456789";
    const suffix = Array.from(
      { length: 5 },
      () => alphabet[Math.floor(this.random() * alphabet.length)],
    );
    return prefix.slice(0, 58) + suffix.join("");
  }
}
