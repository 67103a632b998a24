import type { Core } from "../core.ts";
import { type ListOptions, listOptions } from "../http/options.ts";
import { ApiError, badRequest, expired, invalid } from "../model/errors.ts";
import { forbiddenField } from "../model/field_errors.ts";
import { isObject, type JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/object.ts";
import { sortKey } from "../storage/collection.ts";
import type { Call } from "./call.ts";
import { combinedSelector } from "./selectors.ts";

/** One page of a list. */
export interface Page {
  readonly items: readonly KubeObject[];
  readonly metadata: JsonObject;
}

/** Where the next page starts: after `start`, in the state of `rv`, or in the latest when below 0. */
interface Continuation {
  readonly rv: number;
  readonly start: string;
}

const TOO_OLD = "The resourceVersion for the provided list is too old.";

const EXPIRED =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/** The namespace a list is restricted to; undefined for all. */
export function listNamespace(call: Call): string | undefined {
  if (!call.type.namespaced) return "";
  return call.attributes.namespace === "" ? undefined : call.attributes.namespace;
}

/** Answers a GET of a collection: selectors, paging, and the state that was asked for. */
export function list(core: Core, call: Call): Page {
  const options = listOptions(call.url);
  const selector = combinedSelector(options, call.type);
  const token = readToken(options);
  checkVersion(core, options);
  const latest = core.store.revision;
  const begun = token === undefined || token.rv < 0 ? undefined : token.rv;
  const revision = begun ?? exactRevision(options) ?? latest;
  const all = objectsAt(core, call, revision, token);
  const matching = selector === undefined ? all : all.filter(selector);
  const rest = token === undefined
    ? matching
    : matching.filter((item) => sortKey(item) > token.start);
  return pageOf(rest, options, revision, selector !== undefined);
}

/** The present objects that a deletecollection speaks of. */
export function selectObjects(core: Core, call: Call): KubeObject[] {
  const selector = combinedSelector(listOptions(call.url), call.type);
  const all = core.store.collection(call.type).list(listNamespace(call));
  return selector === undefined ? all : all.filter(selector);
}

function objectsAt(
  core: Core,
  call: Call,
  revision: number,
  token: Continuation | undefined,
): KubeObject[] {
  const collection = core.store.collection(call.type);
  try {
    return collection.listAt(listNamespace(call), revision);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (token === undefined) throw expired(TOO_OLD);
    const again = new ApiError(410, "Expired", EXPIRED);
    again.status.metadata = { continue: writeToken({ rv: -1, start: token.start }) };
    throw again;
  }
}

function pageOf(
  items: KubeObject[],
  options: ListOptions,
  revision: number,
  selected: boolean,
): Page {
  const metadata: JsonObject = { resourceVersion: String(revision) };
  if (options.limit <= 0 || items.length <= options.limit) return { items, metadata };
  const page = items.slice(0, options.limit);
  metadata.continue = writeToken({ rv: revision, start: sortKey(page.at(-1)!) });
  if (!selected) metadata.remainingItemCount = items.length - page.length;
  return { items: page, metadata };
}

function writeToken(token: Continuation): string {
  return btoa(encodeURIComponent(JSON.stringify({ v: "meta.k8s.io/v1", ...token })));
}

function readToken({ continueToken }: ListOptions): Continuation | undefined {
  if (continueToken === "") return undefined;
  let token: unknown;
  try {
    token = JSON.parse(decodeURIComponent(atob(continueToken)));
  } catch (error) {
    throw badRequest(`invalid continue token: continue key is not valid: ${String(error)}`);
  }
  if (!isObject(token) || typeof token.rv !== "number" || typeof token.start !== "string") {
    throw badRequest("invalid continue token: continue key is not valid");
  }
  return { rv: token.rv, start: token.start };
}

function exactRevision(options: ListOptions): number | undefined {
  return options.resourceVersionMatch === "Exact" ? Number(options.resourceVersion) : undefined;
}

/** A version may be "0", old or present, but neither malformed nor of the future. */
function checkVersion(core: Core, options: ListOptions): void {
  const { resourceVersion: given, resourceVersionMatch: match } = options;
  if (match !== "" && given === "") {
    const why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
    throw invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", [
      forbiddenField("resourceVersionMatch", why),
    ]);
  }
  if (given === "") return;
  if (!/^\d+$/.test(given)) {
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${
        JSON.stringify(given)
      }: strconv.ParseUint: parsing ${JSON.stringify(given)}: invalid syntax`,
    );
  }
  if (Number(given) > core.store.revision) throw tooLarge(given, core.store.revision);
}

function tooLarge(given: string, current: number): ApiError {
  const message = `Timeout: Too large resource version: ${given}, current: ${current}`;
  return new ApiError(504, "Timeout", message, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}
