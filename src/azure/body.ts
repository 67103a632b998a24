import { abortable } from "../runtime/time/abortable.ts";
import { ByteBuffer } from "../runtime/text/bytes.ts";
import { ChunkReader } from "../runtime/text/chunk_reader.ts";
import type { Connection } from "./connections.ts";
import { AzureError } from "./errors.ts";
import { type AzureRequest, hostOf } from "./request.ts";

/**
 * The most that is read of a body, in bytes. Real answers have a few kilobytes, 20 of them where a
 * token names 200 groups; dozens of calls are under way at once.
 */
const LONGEST_BODY = 64 * 1024;

/** The whole body. Of a refusal that is too long its beginning will do: the status tells the rest. */
export async function readAzureBody(
  request: AzureRequest,
  response: Response,
  signal: AbortSignal,
  connection?: Pick<Connection, "heard">,
): Promise<string> {
  if (response.body === null) return "";
  const reader = new ChunkReader(response.body);
  const kept = new ByteBuffer();
  try {
    for (let chunk; (chunk = await abortable(reader.read(), signal)) !== undefined;) {
      connection?.heard();
      const part = chunk.subarray(0, LONGEST_BODY - kept.length);
      kept.append(part);
      if (part.length === chunk.length) continue;
      if (response.status === 200) throw tooLong(request, response.status);
      reader.cancel().catch(() => {});
      break;
    }
  } catch (error) {
    // The stream may already be broken; what counts is the error that led here.
    reader.cancel().catch(() => {});
    throw error;
  }
  return new TextDecoder().decode(kept.bytes);
}

function tooLong(request: AzureRequest, status: number): AzureError {
  const host = hostOf(request.endpoint, request.url);
  return new AzureError({
    endpoint: request.endpoint,
    host,
    class: "transient",
    reason: "BadAnswer",
    status,
    problem: `${host} sent an answer of more than ${LONGEST_BODY / 1024} KiB`,
    remedy: "Look for a proxy between the operator and this host.",
  });
}
