const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/**
 * The bytes of an HTTP/1.1 response (RFC 9112) after which the connection ends. To HEAD it has the
 * headers of GET and no body.
 */
export async function responseBytes(
  response: Response,
  method: string,
  nowMs: number,
): Promise<Uint8Array> {
  const body = await response.bytes();
  const headers = new Headers(response.headers);
  headers.set("content-length", String(body.length));
  headers.set("date", new Date(nowMs).toUTCString());
  headers.set("connection", "close");
  const lines = [
    `HTTP/1.1 ${response.status} ${REASONS[response.status] ?? ""}`,
    ...[...headers].map(([name, value]) => `${name}: ${value}`),
  ];
  const head = new TextEncoder().encode(lines.join("\r\n") + "\r\n\r\n");
  if (method === "HEAD") return head;
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}
