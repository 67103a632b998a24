import type { Leftover } from "./leftovers.ts";
import { contentLines } from "./content.ts";
import { lineDiff } from "./line_diff.ts";
import { describe } from "../manifests/manifest.ts";
import type { Applied } from "./server_side_apply.ts";

/** What applying would change, an object at a time; empty where that is nothing. */
export function changeTexts(applied: readonly Applied[]): readonly string[] {
  return applied.flatMap(({ manifest, before, after }) => {
    const lines = lineDiff(before === undefined ? [] : contentLines(before), contentLines(after));
    return lines.length === 0 ? [] : [[describe(manifest), ...lines].join("\n")];
  });
}

/** What is left over, an object at a time: with `prune` as what would go, else with the remedy. */
export function leftoverTexts(leftovers: readonly Leftover[], prune: boolean): readonly string[] {
  return leftovers.map((leftover) => {
    const lines = prune
      ? lineDiff(contentLines(leftover.object), [])
      : ["  is left over from what was applied before: --prune deletes it"];
    return [describe(leftover), ...lines].join("\n");
  });
}
