import type { Inspection } from "../plan/snapshot.ts";

/** Who undid a write, as far as anybody can tell. */
export type Undoer =
  /** What is not there in the answer to the write itself never was: admission changed it. */
  | { readonly kind: "admission" }
  /** Its name in `metadata.managedFields`. */
  | { readonly kind: "manager"; readonly name: string }
  | { readonly kind: "unknown" };

const MOST_TOLD = 3;

/** What was written did not stay as it was written: somebody in the cluster wants it otherwise. */
export class UndoneError extends Error {
  override readonly name = "UndoneError";
  /** What is missing or different, in words. */
  readonly what: string;
  readonly by: Undoer;
  /** What a Secret that was written holds then, as far as it is known. */
  readonly inspection: Inspection | undefined;

  /** What the answer to a write lacks, as `written.ts` has it. */
  static byAdmission(missing: readonly string[], inspection?: Inspection): UndoneError {
    const more = missing.length - MOST_TOLD;
    const told = missing.slice(0, MOST_TOLD).join(", ");
    const what = more > 0 ? `${told} and ${more} more` : told;
    return new UndoneError(what, { kind: "admission" }, inspection);
  }

  constructor(what: string, by: Undoer, inspection?: Inspection) {
    super(`${what} did not stay as it was written, by ${nameOf(by)}`);
    this.what = what;
    this.by = by;
    this.inspection = inspection;
  }
}

function nameOf(by: Undoer): string {
  return by.kind === "manager" ? `field manager ${by.name}` : by.kind;
}
