import type { Limits } from "../machine/cgroup.ts";

const MIB = 1024 * 1024;

/** The memory of a pod as deployed, with as much CPU as there is. */
export const POD_MEMORY: Limits = { memoryBytes: 100 * MIB };

/** A pod as deployed. */
export const POD: Limits = { cpuMillis: 100, ...POD_MEMORY };
