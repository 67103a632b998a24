/** By which Deno's fetch is told of a proxy for HTTPS. */
export const PROXY_VARIABLES: readonly string[] = [
  "HTTPS_PROXY",
  "https_proxy",
  "ALL_PROXY",
  "all_proxy",
];

/** Whether Deno's fetch sends calls by HTTPS, as all to Entra and registries are, to a proxy. */
export function usesProxy(env: Pick<Deno.Env, "get">): boolean {
  return PROXY_VARIABLES.some((name) => (env.get(name) ?? "") !== "");
}
