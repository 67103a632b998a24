import type { Core } from "../core.ts";
import { encodeList, encodeOne, respond } from "../http/encode.ts";
import { negotiate, type Representation } from "../http/negotiation.ts";
import { ApiError, methodNotAllowed, notFound, unknownResource } from "../model/errors.ts";
import type { JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/object.ts";
import { type Call, keyOf } from "./call.ts";
import { create } from "./create.ts";
import { deleteCollection, deleteOne } from "./delete.ts";
import { list } from "./list.ts";
import { patch } from "./patch.ts";
import { requestToken, type TokenIssuer } from "./token_request.ts";
import { update } from "./update.ts";
import { watch, type WatchSettings } from "./watch.ts";

/** What the verbs need besides the core. */
export interface VerbSettings extends WatchSettings, TokenIssuer {}

/** Carries out one request to a resource. Throws ApiError. */
export function dispatch(core: Core, call: Call, settings: VerbSettings): Response {
  checkTarget(call);
  const representation = negotiate(call.accept);
  const { subresource } = call.attributes;
  if (subresource === "token") {
    const answer = requestToken(core, call, settings);
    return respond(JSON.stringify(answer), representation, 201);
  }
  switch (call.attributes.verb) {
    case "get":
      return one(core, call, representation, get(core, call), 200);
    case "list":
      return page(core, call, representation);
    case "watch":
      return stream(core, call, representation, settings);
    case "create":
      return one(core, call, representation, create(core, call), 201);
    case "update":
    case "patch": {
      const updated = call.attributes.verb === "update" ? update(core, call) : patch(core, call);
      return one(core, call, representation, updated.object, updated.created ? 201 : 200);
    }
    case "delete":
      return deleted(core, call, representation);
    default:
      return deletedCollection(core, call, representation);
  }
}

/** The path must fit the kind: its scope, its subresources and their verbs. */
function checkTarget({ attributes, type }: Call): void {
  const { verb, name, namespace, subresource } = attributes;
  const across = type.namespaced && namespace === "";
  if (across && name !== "") throw unknownResource();
  if (across && verb !== "list" && verb !== "watch") throw methodNotAllowed();
  if (!type.namespaced && namespace !== "" && type.plural !== "namespaces") throw unknownResource();
  if (subresource === "") {
    const onCollection = ["list", "watch", "create", "deletecollection"];
    const onObject = ["get", "update", "patch", "delete"];
    const fitting = name === "" ? onCollection : onObject;
    if (!fitting.includes(verb)) throw methodNotAllowed();
    return;
  }
  const verbs = type.subresources[subresource];
  if (verbs === undefined) throw type.custom ? notFound(type, name) : unknownResource();
  if (!verbs.includes(verb)) throw methodNotAllowed();
}

function get(core: Core, call: Call): KubeObject {
  const key = keyOf(call);
  const object = core.store.get(call.type, key);
  if (object === undefined) throw notFound(call.type, key.name);
  return object;
}

function includeObject(call: Call): string {
  return call.url.searchParams.get("includeObject") ?? "";
}

function one(
  core: Core,
  call: Call,
  representation: Representation,
  object: KubeObject,
  status: number,
): Response {
  const { shape } = representation;
  if (shape === "metadata-list") throw unfit();
  const text = encodeOne(object, call.type, shape, core.clock.now(), includeObject(call));
  return respond(text, representation, status, warningHeaders(call));
}

function warningHeaders({ warnings }: Call): Headers {
  const headers = new Headers();
  for (const text of warnings) headers.append("warning", `299 - ${JSON.stringify(text)}`);
  return headers;
}

function unfit(): ApiError {
  return new ApiError(406, "NotAcceptable", "a list was asked for where there is one object", {});
}

function page(core: Core, call: Call, representation: Representation): Response {
  const { items, metadata } = list(core, call);
  return encodePage(core, call, representation, items, metadata);
}

function encodePage(
  core: Core,
  call: Call,
  representation: Representation,
  items: readonly KubeObject[],
  metadata: JsonObject,
): Response {
  const { shape } = representation;
  const now = core.clock.now();
  const text = encodeList(items, metadata, call.type, shape, now, includeObject(call));
  return respond(text, representation, 200);
}

function stream(
  core: Core,
  call: Call,
  representation: Representation,
  settings: VerbSettings,
): Response {
  const headers = { "content-type": "application/json", "cache-control": "no-cache, private" };
  return new Response(watch(core, call, representation, settings), { headers });
}

function deleted(core: Core, call: Call, representation: Representation): Response {
  const outcome = deleteOne(core, call);
  if ("object" in outcome) return one(core, call, representation, outcome.object, 200);
  return respond(JSON.stringify(outcome.status), representation, 200);
}

function deletedCollection(core: Core, call: Call, representation: Representation): Response {
  const metadata = { resourceVersion: String(core.store.revision) };
  const items = deleteCollection(core, call);
  return encodePage(core, call, representation, items, metadata);
}
