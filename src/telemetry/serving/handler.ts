import type { Handler } from "../../http_server/serve_connection.ts";
import { type Authorize, refusal } from "./authorization.ts";
import { type Checks, probe } from "./health.ts";
import { plainText, reasonOf } from "../../http_server/plain_text.ts";
import type { Registry } from "../metrics/registry.ts";

/** What one listener serves. What is absent answers 404 there. */
export interface TelemetryRoutes {
  readonly health?: { readonly live: Checks; readonly ready: Checks };
  readonly metrics?: Registry;
  /** Who may read metrics; everybody where it is absent. */
  readonly authorize?: Authorize;
}

const EXPOSITION = "text/plain; version=0.0.4; charset=utf-8";

/** The handler of one listener: GET and HEAD of /healthz, /readyz and /metrics. */
export function telemetryHandler(routes: TelemetryRoutes): Handler {
  return (request) => {
    const serve = routeOf(routes, request);
    if (serve === undefined) return plainText("Not found.\n", 404);
    if (request.method === "GET" || request.method === "HEAD") return serve();
    return plainText("Only GET and HEAD are served here.\n", 405, { allow: "GET, HEAD" });
  };
}

function routeOf(
  { health, metrics, authorize }: TelemetryRoutes,
  request: Request,
): (() => Response | Promise<Response>) | undefined {
  // A Host header of a client's own invention can make the whole address unreadable.
  const url = URL.parse(request.url);
  const verbose = url?.searchParams.has("verbose") ?? false;
  switch (url?.pathname.replace(/\/$/, "")) {
    case "/healthz":
      return health && (() => probe("healthz", health.live, verbose));
    case "/readyz":
      return health && (() => probe("readyz", health.ready, verbose));
    case "/metrics":
      return metrics && (() => authorized(request, authorize, () => exposition(metrics)));
    default:
      return undefined;
  }
}

function authorized(
  request: Request,
  authorize: Authorize | undefined,
  serve: () => Response,
): Response | Promise<Response> {
  if (authorize === undefined) return serve();
  return refusal(request, authorize).then((refused) => refused ?? serve());
}

function exposition(metrics: Registry): Response {
  try {
    return plainText(metrics.expose(), 200, { "content-type": EXPOSITION });
  } catch (error) {
    return plainText(`A metric could not be collected: ${reasonOf(error)}\n`, 500);
  }
}
