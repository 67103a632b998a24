import type { Found } from "../e2e/servers/binaries.ts";

/**
 * What was not tried for want of Helm, and how to have it, for the end of a run that found nothing
 * else. Undefined where Helm is there or can be built.
 */
export function chartNotice(helm: Found): string | undefined {
  if (!("missing" in helm)) return undefined;
  return "The chart was not compared: without Helm, nothing was held against what its templates " +
    `written by hand render and refuse. ${helm.missing}`;
}
