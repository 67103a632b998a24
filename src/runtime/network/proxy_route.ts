/** How a host is called: straight, or by way of the proxy that environment or options name. */
export type Route = "direct" | "proxied";

/** The environment of the process, or a test's own. */
export type Variables = Pick<Deno.Env, "get" | "set" | "delete">;

/**
 * Deno matches names by `*` and addresses by networks. It looks at `no_proxy` only where NO_PROXY is
 * not set, and takes an empty one for set.
 */
const NO_PROXY: Readonly<Record<Route, string>> = { direct: "*,0.0.0.0/0,::/0", proxied: "" };

/**
 * Makes an HTTP client of Deno all of whose calls take `route`. Deno reads NO_PROXY by rules of its
 * own, once, when a client is made. So the variable says all or nothing for that moment. Which
 * hosts a client calls is decided here.
 */
export function onRoute<T>(route: Route, make: () => T, env: Variables = Deno.env): T {
  const before = env.get("NO_PROXY");
  env.set("NO_PROXY", NO_PROXY[route]);
  try {
    return make();
  } finally {
    // Programs that the process starts are to read what was there.
    if (before === undefined) env.delete("NO_PROXY");
    else env.set("NO_PROXY", before);
  }
}
