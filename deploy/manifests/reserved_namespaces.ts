import { DEFAULTS } from "./settings.ts";

/** What every cluster has or keeps for itself: nothing of ours may label or delete these. */
export const RESERVED_NAMESPACES = {
  pattern: /^(default|kube-.*)$/,
  fault: "is the cluster's own: " +
    `give a namespace for the operator alone, such as ${DEFAULTS.namespace}`,
} as const;
