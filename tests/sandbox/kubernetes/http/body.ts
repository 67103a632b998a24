import { parse as parseYaml } from "yaml";
import { badRequest, unsupportedMediaType } from "../model/errors.ts";
import { isObject, type Json, type JsonObject } from "../model/json.ts";
import { decodeProtobuf, PROTOBUF } from "./protobuf.ts";

/** Media types of whole objects. */
const OBJECT_TYPES = ["application/json", "application/yaml", PROTOBUF];

/** A body as text, with the media type that the text has. */
export interface Body {
  readonly text: string;
  readonly mediaType: string;
}

/** Reads the body of a request. Protobuf of the kinds known here becomes JSON at the door. */
export async function readBody(request: Request): Promise<Body> {
  const mediaType = contentType(request);
  if (mediaType !== PROTOBUF) return { text: await request.text(), mediaType };
  const bytes = new Uint8Array(await request.arrayBuffer());
  const object = bytes.length === 0 ? {} : decodeProtobuf(bytes);
  if (object === undefined) return { text: "", mediaType };
  return { text: JSON.stringify(object), mediaType: "application/json" };
}

/** The media type of a request without its parameters. */
function contentType(request: Request): string {
  return (request.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
}

/** Parses a body that holds an object. Throws 415 or 400. `kind` is the kind expected. */
export function parseObject(text: string, mediaType: string, kind: string): JsonObject {
  const type = mediaType === "" ? "application/json" : mediaType;
  if (!OBJECT_TYPES.includes(type) || type === PROTOBUF) {
    throw unsupportedMediaType(OBJECT_TYPES);
  }
  const parsed = type === "application/yaml" ? readYaml(text, kind) : readJson(text, kind);
  if (isObject(parsed)) return parsed;
  const given = Array.isArray(parsed) ? "array" : typeof parsed;
  throw unrecognized(
    kind,
    `couldn't get version/kind; json parse error: json: cannot unmarshal ${given} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    text,
  );
}

function readJson(text: string, kind: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const why = goJsonError(text, error);
    throw unrecognized(kind, `couldn't get version/kind; json parse error: ${why}`, text);
  }
}

function readYaml(text: string, kind: string): Json {
  try {
    return parseYaml(text) as Json;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw unrecognized(kind, `yaml: ${why}`, text);
  }
}

/** 400 for a body that cannot be taken for an object at all. */
export function unrecognized(kind: string, why: string, body: string): Error {
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(body)})`,
  );
}

function summary(body: string): string {
  if (body === "") return "<empty>";
  if (body.startsWith("{")) return body.length > 30 ? `${body.slice(0, 30)} ...` : body;
  const bytes = [...new TextEncoder().encode(body)].slice(0, 30);
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The complaint of V8's JSON parser in the words of Go's, as far as it tells the place. */
export function goJsonError(text: string, error: unknown): string {
  const told = /position (\d+)/.exec(error instanceof Error ? error.message : "");
  const start = text.length - text.trimStart().length;
  const position = told === null ? start : Number(told[1]);
  const character = text[position];
  if (character === undefined || text.trim() === "") return "unexpected end of JSON input";
  const before = text.slice(0, position).trimEnd().at(-1);
  const place = before === "{" ? "beginning of object key string" : "beginning of value";
  return `invalid character '${character}' looking for ${place}`;
}
