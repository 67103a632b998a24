import { PROXY_VARIABLES } from "./proxy_variables.ts";

/**
 * Whether Deno's fetch sends calls by HTTPS, as all to Entra and registries are, to a proxy.
 *
 * Whoever may read a variable may also set it, and a proxy of their choice would take what is
 * fetched to any host. So the right to these variables is given up as soon as they are read, and
 * this module is the first that runs: src/main.ts imports it before all others. Where they may not be
 * read, there may be a proxy.
 */
export const USES_PROXY: boolean = readOnce();

function readOnce(): boolean {
  const used = PROXY_VARIABLES.some((variable) => {
    const { state } = Deno.permissions.querySync({ name: "env", variable });
    return state !== "granted" || (Deno.env.get(variable) ?? "") !== "";
  });
  for (const variable of PROXY_VARIABLES) Deno.permissions.revokeSync({ name: "env", variable });
  return used;
}
