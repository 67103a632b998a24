/** What a request asks for, as an authorizer sees it. */
export interface Attributes {
  /** get, list, watch, create, update, patch, delete, deletecollection; else the method. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  /** The plural, or "" for a path that is no resource. */
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
}

const VERBS: Readonly<Record<string, string>> = {
  POST: "create",
  PUT: "update",
  PATCH: "patch",
};

/** Reads method, path and query of a request the way the API server's RequestInfo does. */
export function attributesOf(method: string, url: URL): Attributes {
  const parts = url.pathname.split("/").slice(1).map(decodeURIComponent);
  const target = parts[0] === "api" && parts.length > 2
    ? { group: "", version: parts[1]!, rest: parts.slice(2) }
    : parts[0] === "apis" && parts.length > 3
    ? { group: parts[1]!, version: parts[2]!, rest: parts.slice(3) }
    : undefined;
  const nothing = {
    group: "",
    version: "",
    resource: "",
    subresource: "",
    namespace: "",
    name: "",
  };
  if (target === undefined || target.rest[0] === "") {
    return { verb: method.toLowerCase(), ...nothing, path: url.pathname };
  }
  const place = placeOf(target.rest);
  return {
    verb: verbOf(method, place.name, url.searchParams),
    group: target.group,
    version: target.version,
    ...place,
    path: url.pathname,
  };
}

interface Place {
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
}

/** `namespaces/x` is a namespace itself, `namespaces/x/secrets` what lies in it. */
function placeOf(rest: readonly string[]): Place {
  const own = rest[2] === undefined || rest[2] === "status" || rest[2] === "finalize";
  if (rest[0] === "namespaces" && !own) {
    return {
      namespace: rest[1] ?? "",
      resource: rest[2] ?? "",
      name: rest[3] ?? "",
      subresource: rest.slice(4).join("/"),
    };
  }
  const [resource = "", name = "", ...subresource] = rest;
  const namespace = resource === "namespaces" ? name : "";
  return { namespace, resource, name, subresource: subresource.join("/") };
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  if (method === "GET" || method === "HEAD") {
    if (name !== "") return "get";
    return isTrue(query.get("watch")) ? "watch" : "list";
  }
  if (method === "DELETE") return name === "" ? "deletecollection" : "delete";
  return VERBS[method] ?? method.toLowerCase();
}

/** A boolean of a query, as Go reads it: present and neither `0` nor `false`. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== "0" && value.toLowerCase() !== "false";
}
