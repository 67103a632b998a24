const CRDS = new URL("../../deploy/crds/", import.meta.url);

let crds: readonly string[] | undefined;

/** The texts of deploy/crds. */
export function readCrds(): readonly string[] {
  crds ??= [...Deno.readDirSync(CRDS)].map(({ name }) =>
    Deno.readTextFileSync(new URL(name, CRDS))
  );
  return crds;
}
