import config from "../../deno.json" with { type: "json" };

/** The program's version, as deno.json states it. */
export const VERSION: string = config.version;

/** The commit that `build` names, or undefined when the build left it open. */
export function commitOf(build: string): string | undefined {
  return /^[0-9a-f]{7,64}$/.test(build) ? build : undefined;
}

/** One line: version, commit where known, and the Deno that runs it. */
export function versionText(denoVersion: string, build = ""): string {
  const commit = commitOf(build);
  return `msi-acrpull ${VERSION}${
    commit === undefined ? "" : ` (commit ${commit})`
  }, Deno ${denoVersion}\n`;
}
