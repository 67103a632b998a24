import { askGo, type GoProgram } from "./go_program.ts";

/** What kstatus says of an object. */
export interface Kstatus {
  readonly status: "Current" | "Failed" | "InProgress" | "NotFound" | "Terminating" | "Unknown";
  readonly message: string;
}

const KSTATUS: GoProgram = { module: new URL("./kstatus/", import.meta.url), package: "." };

/** What kstatus, by which Flux and Helm wait, says of each object. Needs Go. */
export function kstatusOf(objects: readonly unknown[]): Promise<readonly Kstatus[]> {
  return askGo(KSTATUS, objects);
}
