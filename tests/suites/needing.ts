/** Name and `ignore` of a test that needs what a machine may lack. */
export interface Needing {
  readonly name: string;
  readonly ignore: boolean;
}

/**
 * For a test's definition: where something is lacking the test is ignored and its name says what
 * and how to have it. `lacks` are sentences without a full stop, undefined for what is there.
 */
export function needing(name: string, ...lacks: readonly (string | undefined)[]): Needing {
  const lack = lacks.find((each) => each !== undefined);
  return lack === undefined ? { name, ignore: false } : { name: `${name} (${lack})`, ignore: true };
}
