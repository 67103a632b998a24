import type { Json, JsonObject } from "../model/json.ts";
import { MESSAGES, type ProtoField, type ProtoMessage } from "./protobuf_messages.ts";

/** The media type in which kubectl sends objects of built-in kinds that it makes itself. */
export const PROTOBUF = "application/vnd.kubernetes.protobuf";

const MAGIC = [0x6b, 0x38, 0x73, 0x00];

/**
 * Reads an object of a built-in kind from Kubernetes' protobuf envelope (runtime.Unknown behind the
 * magic bytes `k8s\0`). undefined for another form, and for kinds whose message is not known here.
 */
export function decodeProtobuf(bytes: Uint8Array): JsonObject | undefined {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) return undefined;
  const envelope = readMessage(bytes.subarray(MAGIC.length), ENVELOPE);
  const { typeMeta, raw } = envelope as { typeMeta?: JsonObject; raw?: string };
  const message = MESSAGES[String(typeMeta?.kind)];
  if (message === undefined || typeMeta === undefined) return undefined;
  const body = Uint8Array.from(atob(raw ?? ""), (char) => char.charCodeAt(0));
  return { ...typeMeta, ...readMessage(body, message) };
}

const ENVELOPE: ProtoMessage = {
  1: { name: "typeMeta", kind: "message", of: { 1: text("apiVersion"), 2: text("kind") } },
  2: { name: "raw", kind: "bytes" },
};

function text(name: string): ProtoField {
  return { name, kind: "string" };
}

/** Walks over the fields of one message. */
class Reader {
  #at = 0;

  constructor(readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.#at >= this.bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = this.bytes[this.#at++];
      if (byte === undefined) throw new RangeError("the protobuf message ends within a number");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
  }

  chunk(length: number): Uint8Array {
    const chunk = this.bytes.subarray(this.#at, this.#at += length);
    if (chunk.length < length) throw new RangeError("the protobuf message ends within a field");
    return chunk;
  }

  /** The value of a field by its wire type: a number, or the bytes of anything longer. */
  value(wireType: number): bigint | Uint8Array {
    if (wireType === 0) return this.varint();
    if (wireType === 2) return this.chunk(Number(this.varint()));
    return this.chunk(wireType === 1 ? 8 : 4);
  }
}

function readMessage(bytes: Uint8Array, message: ProtoMessage): JsonObject {
  const reader = new Reader(bytes);
  const object: JsonObject = {};
  while (!reader.done) {
    const tag = Number(reader.varint());
    const value = reader.value(tag & 7);
    const field = message[tag >> 3];
    if (field !== undefined) put(object, field, value);
  }
  return object;
}

function put(object: JsonObject, field: ProtoField, value: bigint | Uint8Array): void {
  const present = object[field.name];
  if (field.kind === "map") {
    const entry = readMessage(value as Uint8Array, {
      1: text("key"),
      2: { ...field.of, name: "value" },
    });
    object[field.name] = { ...present as JsonObject, [String(entry.key ?? "")]: entry.value ?? "" };
    return;
  }
  const read = readValue(field, value);
  if (read === undefined) return;
  object[field.name] = field.repeated ? [...present as Json[] ?? [], read] : read;
}

function readValue(
  field: Exclude<ProtoField, { kind: "map" }>,
  value: bigint | Uint8Array,
): Json | undefined {
  if (typeof value === "bigint") return field.kind === "bool" ? value !== 0n : Number(value);
  if (field.kind === "message") return readMessage(value, field.of);
  if (field.kind === "bytes") {
    return btoa(Array.from(value, (b) => String.fromCharCode(b)).join(""));
  }
  if (field.kind === "time") return readTime(value);
  return new TextDecoder().decode(value);
}

/** metav1.Time; the zero time is absent. */
function readTime(value: Uint8Array): string | undefined {
  const { seconds } = readMessage(value, { 1: { name: "seconds", kind: "int" } });
  return typeof seconds === "number" && seconds > 0
    ? new Date(seconds * 1000).toISOString().replace(/\.\d{3}Z$/, "Z")
    : undefined;
}
