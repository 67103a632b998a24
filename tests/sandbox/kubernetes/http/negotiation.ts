import { ApiError } from "../model/errors.ts";

/** In which shape an answer is wanted. */
export type Shape = "object" | "table" | "metadata" | "metadata-list";

/** The outcome of content negotiation. */
export interface Representation {
  readonly shape: Shape;
  readonly yaml: boolean;
}

const OFFERED = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

const SHAPES: Readonly<Record<string, Shape>> = {
  Table: "table",
  PartialObjectMetadata: "metadata",
  PartialObjectMetadataList: "metadata-list",
};

/** One media range of an Accept header with its parameters. */
export interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Splits an Accept header; the order is kept, quality is not regarded. */
export function mediaRanges(accept: string | null): MediaRange[] {
  return (accept ?? "").split(",").map((range) => range.trim()).filter((range) => range !== "")
    .map((range) => {
      const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
      const pairs = parameters.map((parameter) => {
        const [key = "", value = ""] = parameter.split("=");
        return [key.trim(), value.trim()] as const;
      });
      return { type: type.toLowerCase(), parameters: new Map(pairs) };
    });
}

/**
 * Picks the first media range that this server can write. Protobuf is never written: a client that
 * accepts nothing else is answered 406, all others get what they name next.
 */
export function negotiate(accept: string | null): Representation {
  const ranges = mediaRanges(accept);
  if (ranges.length === 0) return { shape: "object", yaml: false };
  for (const range of ranges) {
    const representation = fit(range);
    if (representation !== undefined) return representation;
  }
  const message = `406: Not Acceptable\n\nAvailable representations: ${OFFERED.join(", ")}`;
  throw new ApiError(406, "NotAcceptable", message, {});
}

function fit(range: MediaRange): Representation | undefined {
  const yaml = range.type === "application/yaml";
  if (!yaml && !["application/json", "application/*", "*/*"].includes(range.type)) return undefined;
  const as = range.parameters.get("as");
  if (as === undefined) return { shape: "object", yaml };
  const shape = SHAPES[as];
  const known = range.parameters.get("g") === "meta.k8s.io" && range.parameters.get("v") === "v1";
  return shape === undefined || !known ? undefined : { shape, yaml };
}
