import { askGo, type GoProgram } from "./go_program.ts";

/** A pod as kubelet sees it that pulls. */
export interface PullingPod {
  /** Those that its ServiceAccount names, as the API server answers them. */
  readonly secrets: readonly unknown[];
  readonly images: readonly string[];
}

/** What kubelet does for one image. */
export interface Pull {
  /** Why it would pull no such image at all. */
  readonly invalid?: string;
  /** What it logs in with, one after the other. */
  readonly logins: readonly { readonly username: string; readonly password: string }[];
}

/** Within the module of the API server, so that both are of one version. */
const KUBELET: GoProgram = {
  module: new URL("../e2e/", import.meta.url),
  package: "./kubelet",
};

/** What kubelet's own packages do for each image of each pod. Needs Go. */
export function pulls(pods: readonly PullingPod[]): Promise<readonly (readonly Pull[])[]> {
  return askGo(KUBELET, pods);
}
