import { FetchRestClient } from "../../../src/kubernetes/http/transport.ts";
import type { Clock } from "../../../src/runtime/time/clock.ts";
import { fakeHttpClients, fixedCluster } from "../kubernetes/http/transport_support.ts";

/** The real transport, whose every request is answered by `answer` instead of a network. */
export function restOver(
  answer: (request: Request) => Response | Promise<Response>,
  clock: Clock,
): FetchRestClient {
  return new FetchRestClient({
    config: fixedCluster("https://kubernetes.test"),
    clock,
    userAgent: "msi-acrpull-deno/test",
    createHttpClient: fakeHttpClients().create,
    fetch: async (input, init) => {
      const { client: _, ...plain } = (init ?? {}) as RequestInit & { client?: unknown };
      return await answer(new Request(input, plain));
    },
  });
}
