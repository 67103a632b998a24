import jsonPatchLibrary, { type Operation } from "fast-json-patch";
import { ApiError } from "../model/errors.ts";
import { cloneJson, type Json, type JsonObject } from "../model/json.ts";

/** RFC 6902 on a copy of `target`. Throws 422 when an operation, or a test, does not fit. */
export function jsonPatch(target: JsonObject, operations: Json[]): Json {
  try {
    const patch = cloneJson(operations) as unknown as Operation[];
    return jsonPatchLibrary.applyPatch(cloneJson(target), patch, true).newDocument;
  } catch {
    // The real server hides the operation at fault behind this sentence as well.
    const message = "the server rejected our request due to an error in our request";
    throw new ApiError(422, "Invalid", message, {});
  }
}
