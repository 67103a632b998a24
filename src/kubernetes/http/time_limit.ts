import type { Clock } from "../../runtime/time/clock.ts";
import { abortable } from "../../runtime/time/abortable.ts";
import { Deadline } from "../../runtime/time/deadline.ts";
import { ApiError } from "./errors.ts";

/** What bounds a piece of work. `what` leads the message of the time-out. */
export interface TimeLimit {
  readonly clock: Clock;
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly what: string;
}

/**
 * Runs `work` for at most `limitMs`. Rejects with an ApiError of reason `Timeout` when the time runs
 * out and with the signal's reason when `signal` aborts, at that very moment, also when `work` does
 * not heed the signal it is given. A failed request's error becomes an ApiError, whatever client sent
 * the request.
 */
export async function withTimeLimit<T>(
  limits: TimeLimit,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { clock, limitMs, signal, what } = limits;
  signal?.throwIfAborted();
  const deadline = new Deadline(clock, signal);
  deadline.limit(limitMs, () => timedOut(what, limitMs));
  try {
    return await abortable(work(deadline.signal), deadline.signal);
  } catch (error) {
    throw ApiError.recognise(error, signal) ?? error;
  } finally {
    deadline.end();
  }
}

function timedOut(what: string, limitMs: number): ApiError {
  const message = `${what}: no answer within ${limitMs / 1000} s`;
  return new ApiError({ code: 0, reason: "Timeout", message });
}
