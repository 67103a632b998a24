import { maskSecrets } from "../../src/runtime/masking/mask.ts";
import type { LogEntry } from "../../src/telemetry/log/logger.ts";
import { logLine } from "../../src/telemetry/log/log_line.ts";
import { type LogOptions, reaches } from "../../src/telemetry/log/log_options.ts";

const CAPACITY = 5_000;
const LENGTH_OF_DATE = "2026-06-01T".length;
const FORMAT: LogOptions = {
  format: "text",
  level: "info",
  stacktraceLevel: "panic",
  timeEncoding: "rfc3339",
};
const REGISTRY_USER = "00000000-0000-0000-0000-000000000000";

/** The last entries of the operator's log. */
export class LogTail {
  readonly #entries: LogEntry[] = [];
  readonly #ownNamespace: string;
  #count = 0;

  /** Lines leave out `ownNamespace`, which would be the same on most of them. */
  constructor(ownNamespace: string) {
    this.#ownNamespace = ownNamespace;
  }

  /** Takes one more entry. */
  readonly add = (entry: LogEntry): void => {
    this.#count++;
    this.#entries.push(entry);
    if (this.#entries.length > CAPACITY) this.#entries.shift();
  };

  /** How many entries there were. */
  get count(): number {
    return this.#count;
  }

  /** The last lines as the operator writes them to a terminal by default, less the date. */
  lines(count: number): string[] {
    const written = this.#entries.filter(({ level }) => reaches(level, FORMAT.level));
    return written.slice(-count).map((entry) => {
      const { namespace, ...fields } = entry.fields;
      const shown = namespace === this.#ownNamespace ? fields : entry.fields;
      return logLine({ ...entry, fields: shown }, FORMAT).slice(LENGTH_OF_DATE);
    });
  }

  /**
   * Messages of the entries in which one of `tokens` stands, as it is or encoded as in a Secret, or
   * anything else of a token's shape. Looks at what the operator said before its log masks it.
   */
  leaks(tokens: readonly string[]): string[] {
    const forms = tokens.flatMap((token) => [
      token,
      btoa(token),
      btoa(`${REGISTRY_USER}:${token}`),
    ]);
    return this.#entries.filter((entry) => {
      const text = Deno.inspect(entry, { depth: 20, strAbbreviateSize: Infinity });
      return maskSecrets(text, Infinity) !== text || forms.some((form) => text.includes(form));
    }).map(({ message }) => maskSecrets(message));
  }
}
