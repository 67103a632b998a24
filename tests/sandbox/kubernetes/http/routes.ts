import type { Core } from "../core.ts";
import { AGGREGATED_TYPE, aggregatedDiscovery } from "../discovery/aggregated.ts";
import {
  coreVersions,
  groupDocument,
  groupList,
  resourceList,
  type ServerVersion,
  versionDocument,
} from "../discovery/discovery.ts";
import { openApiIndex, openApiV2, openApiV3, wantsProtobuf } from "../discovery/openapi.ts";
import { methodNotAllowed } from "../model/errors.ts";
import type { JsonObject } from "../model/json.ts";
import { mediaRanges } from "./negotiation.ts";

const HEALTH = new Set(["/healthz", "/livez", "/readyz"]);

/**
 * Answers what is no resource: health, version, discovery and OpenAPI. undefined for a path that
 * does not exist.
 */
export function answerDocument(
  core: Core,
  request: Request,
  url: URL,
  version: ServerVersion,
): Response | undefined {
  const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, "") : url.pathname;
  const found = findDocument(core, request.headers.get("accept"), path, version);
  if (found !== undefined && request.method !== "GET" && request.method !== "HEAD") {
    throw methodNotAllowed();
  }
  return found;
}

function findDocument(
  core: Core,
  accept: string | null,
  path: string,
  version: ServerVersion,
): Response | undefined {
  if (HEALTH.has(path)) {
    return new Response("ok", { headers: { "content-type": "text/plain; charset=utf-8" } });
  }
  if (path === "/version") return json(versionDocument(version));
  if (path === "/api" || path === "/apis") return discoveryRoot(core, accept, path);
  if (path === "/openapi/v2") {
    return wantsProtobuf(accept)
      ? new Response(null, { status: 406 })
      : json(openApiV2(core.registry));
  }
  if (path.startsWith("/openapi/v3")) return openApiDocument(core, path);
  return groupOrVersion(core, path);
}

function discoveryRoot(core: Core, accept: string | null, path: string): Response {
  const aggregated = mediaRanges(accept).some(({ parameters }) =>
    parameters.get("as") === "APIGroupDiscoveryList" && parameters.get("v") === "v2"
  );
  if (aggregated) {
    return json(aggregatedDiscovery(core.registry, path === "/api"), AGGREGATED_TYPE);
  }
  return json(path === "/api" ? coreVersions() : groupList(core.registry));
}

function openApiDocument(core: Core, path: string): Response | undefined {
  const parts = path.split("/").slice(3);
  if (parts.length === 0) return json(openApiIndex(core.registry));
  const [root, first = "", second = ""] = parts;
  const document = root === "api"
    ? openApiV3(core.registry, "", first)
    : openApiV3(core.registry, first, second);
  return optional(document);
}

function groupOrVersion(core: Core, path: string): Response | undefined {
  const [root, first = "", second] = path.split("/").slice(1);
  if (root === "api") return optional(resourceList(core.registry, "", first));
  if (root !== "apis") return undefined;
  return optional(
    second === undefined
      ? groupDocument(core.registry, first)
      : resourceList(core.registry, first, second),
  );
}

function optional(document: JsonObject | undefined): Response | undefined {
  return document === undefined ? undefined : json(document);
}

function json(document: JsonObject, contentType = "application/json"): Response {
  return new Response(JSON.stringify(document), { headers: { "content-type": contentType } });
}
