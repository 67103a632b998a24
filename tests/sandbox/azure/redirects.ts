const REDIRECTS = [301, 302, 303, 307, 308];
const MOST_HOPS = 20;

/**
 * Sends a request and treats a redirect as `fetch` does by the request's `redirect` mode: `manual`
 * hands it out (as Deno does, readable), `error` rejects, `follow` goes where it points.
 */
export async function followRedirects(
  request: Request,
  send: (request: Request) => Promise<Response>,
): Promise<Response> {
  let hop = request;
  for (let hops = 0; hops <= MOST_HOPS; hops++) {
    // Sending reads the body, which the next hop may need again.
    const kept = hop.clone();
    const response = await send(hop);
    const location = response.headers.get("location");
    if (!REDIRECTS.includes(response.status) || location === null) return response;
    if (request.redirect === "manual") return response;
    await response.body?.cancel();
    if (request.redirect === "error") {
      throw new TypeError(`Fetch failed: Encountered redirect to ${location}`);
    }
    hop = await nextHop(kept, response.status, new URL(location, hop.url));
  }
  throw new TypeError("Fetch failed: Maximum number of redirects reached");
}

async function nextHop(request: Request, status: number, target: URL): Promise<Request> {
  const becomesGet = status === 303 || (status <= 302 && request.method === "POST");
  const headers = new Headers(request.headers);
  if (target.origin !== new URL(request.url).origin) headers.delete("authorization");
  if (becomesGet) headers.delete("content-type");
  const keepsBody = !becomesGet && request.method !== "GET" && request.method !== "HEAD";
  return new Request(target, {
    method: becomesGet ? "GET" : request.method,
    headers,
    signal: request.signal,
    redirect: request.redirect,
    ...(keepsBody ? { body: await request.text() } : {}),
  });
}
