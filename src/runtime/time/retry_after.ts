/** Retry-After as delta-seconds. A sign or a fraction is not the header's grammar. */
const SECONDS = /^\d{1,9}$/;

/**
 * Milliseconds that a `Retry-After` header asks for (RFC 9110, section 10.2.3): seconds or an HTTP
 * date seen from `nowMs`. `undefined` when there is none, it is malformed, or it is a date and
 * `nowMs` is no number; a past date is 0.
 */
export function parseRetryAfter(value: string | null | undefined, nowMs: number):
  | number
  | undefined {
  const text = value?.trim();
  if (!text) return undefined;
  if (SECONDS.test(text)) return Number(text) * 1000;
  // Date.parse takes far more than HTTP dates, such as "-1" or "2". Those all start with a digit
  // or a sign, and each of the three HTTP date formats starts with the name of a day.
  if (!/^[A-Z][a-z]{2}/.test(text)) return undefined;
  const waitMs = Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}
