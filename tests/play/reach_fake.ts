/**
 * Preloaded into the operator by `deno task start:fake-azure`. Takes the calls of its fetch to the
 * fake Azure, as DNS and routes take them to Azure: without a proxy that the operator could see, and
 * for a host that the fake does not serve with the failure that Deno gives of a missing name.
 */
import { causeOf } from "../../src/azure/connection_failure.ts";
import { connectionError, connectionFailures } from "../data/connection_failures.ts";

/** The variable that tells of the front. */
export const REACH_FAKE = "MSI_ACRPULL_FAKE_AZURE";

/** What that variable holds, as JSON. */
export interface Reach {
  /** The front's proxy. */
  readonly proxy: string;
  /** The API server's host, to which calls go as they are. */
  readonly apiServer: string;
}

const MISSING = connectionFailures().find(({ name }) => name === "dns")!;

/** A fetch whose calls by TLS to other hosts than the API server's go through `client`. */
export function reachingFake(
  own: typeof fetch,
  client: Deno.HttpClient,
  apiServer: string,
): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.protocol !== "https:" || url.hostname === apiServer) return await own(input, init);
    try {
      return await own(input, { ...init, client });
    } catch (error) {
      if (!causeOf(error).message.includes("unsuccessful tunnel")) throw error;
      throw connectionError(MISSING, url);
    }
  };
}

const told = Deno.env.get(REACH_FAKE);
if (told !== undefined) {
  const { proxy, apiServer } = JSON.parse(told) as Reach;
  const client = Deno.createHttpClient({ proxy: { url: proxy } });
  globalThis.fetch = reachingFake(fetch, client, apiServer);
}
