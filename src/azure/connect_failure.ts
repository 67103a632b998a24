/**
 * Whether fetch failed before a connection was there. Deno says so in the cause, and in no member of
 * its own.
 */
export function isConnectFailure(error: unknown): boolean {
  return error instanceof TypeError && error.cause instanceof Error &&
    error.cause.message.includes("client error (Connect)");
}
