import { optional } from "../../runtime/optional.ts";
import type { Event } from "kubernetes-types/core/v1.d.ts";
import { brief, shorterThan } from "../../runtime/masking/brief.ts";
import { cutBytes } from "../../runtime/text/cut.ts";
import { maskSecrets } from "../../runtime/masking/mask.ts";
import { trimEnd } from "../../runtime/text/trim.ts";

export type { Event } from "kubernetes-types/core/v1.d.ts";

/** The two types that Events have. */
export type EventType = "Normal" | "Warning";

/** What an Event is about. `namespace` is `""` for what lives in none. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion?: string;
}

/** Who reports: the program, as a qualified name, and the pod. */
export interface EventReporter {
  readonly component: string;
  readonly instance: string;
}

/** One kind of happening on one object, told as often as it has occurred. Times are epoch ms. */
export interface Series {
  readonly subject: EventSubject;
  readonly type: EventType;
  readonly reason: string;
  /** Shorter than what was recorded, where the API server refused that. */
  message: string;
  /** `metadata.name` of the Event that tells it. */
  readonly eventName: string;
  readonly firstMs: number;
  lastMs: number;
  count: number;
}

/** NoteLengthLimit of the API's validation, which counts bytes of UTF-8. */
export const LONGEST_MESSAGE = 1024;
/** The API's bound for names that are DNS subdomains. */
const LONGEST_NAME = 253;

const NANOSECONDS = 1_000_000;

/** A message fit for an Event: nothing in it that looks like a credential, at most 1024 bytes. */
export function eventMessage(text: string): string {
  return cutBytes(maskSecrets(text), LONGEST_MESSAGE);
}

/**
 * What to tell instead of a message that the API server refused: no more than reason and remedy,
 * then the reason alone. Undefined where that was refused.
 */
export function shorterMessage({ message, reason }: Pick<Series, "message" | "reason">):
  | string
  | undefined {
  const brevity = shorterThan(message);
  return brevity === undefined ? undefined : brief(message, reason, brevity);
}

/**
 * `<object>.<hex>`, where the hex is the time in nanoseconds as in client-go. A clock of ms leaves
 * room for `serial`, which tells Events of one moment apart. A long object name is cut.
 */
export function eventName(objectName: string, nowMs: number, serial: number): string {
  const nanoseconds = BigInt(nowMs) * BigInt(NANOSECONDS) + BigInt(serial % NANOSECONDS);
  const suffix = `.${nanoseconds.toString(16)}`;
  // Each label of a DNS subdomain must end in a letter or a digit.
  const stem = trimEnd(objectName.slice(0, LONGEST_NAME - suffix.length), ".-");
  return stem + suffix;
}

/** The namespace that the Event is kept in: the object's, or `default` for what lives in none. */
export function namespaceOf({ namespace }: EventSubject): string {
  return namespace === "" ? "default" : namespace;
}

/** The Event that tells a series, in the core group's form. */
export function eventOf(series: Series, reporter: EventReporter): Event {
  const { subject, type, reason, message, count } = series;
  return {
    metadata: { name: series.eventName, namespace: namespaceOf(subject) },
    involvedObject: referenceTo(subject),
    type,
    reason,
    message,
    count,
    firstTimestamp: seconds(series.firstMs),
    lastTimestamp: seconds(series.lastMs),
    // kubectl shows `source` and falls back to reportingComponent; each has readers of its own.
    source: { component: reporter.component },
    reportingComponent: reporter.component,
    reportingInstance: reporter.instance,
  };
}

function referenceTo(subject: EventSubject): Event["involvedObject"] {
  const { apiVersion, kind, namespace, name, uid, resourceVersion } = subject;
  return {
    apiVersion,
    kind,
    name,
    uid,
    ...optional("namespace", namespace || undefined),
    ...optional("resourceVersion", resourceVersion),
  };
}

/** What changes in the stored Event when its series goes on: a merge patch. */
export function progressOf({ count, lastMs }: Series): { count: number; lastTimestamp: string } {
  return { count, lastTimestamp: seconds(lastMs) };
}

/** A Kubernetes Time, which has no fraction of a second. */
function seconds(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d{3}Z$/, "Z");
}
