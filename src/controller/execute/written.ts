import type {
  KubernetesObject,
  PartialObjectMetadata,
  Stored,
} from "../../kubernetes/resources/resource_client.ts";
import { quote } from "../../runtime/text/quote.ts";
import type { Redacted } from "../../runtime/masking/redacted.ts";
import type { BindingStatus, Condition } from "../binding/view.ts";
import { SECRET_KEY, SECRET_TYPE } from "../conventions.ts";

/**
 * What these functions answer: what of a write is not in the server's answer to it, in words; empty
 * where all of it is. Admission may change whatever is written, and the write succeeds all the same.
 */
export type Missing = readonly string[];

/** What was written into a Secret. A value of null takes an annotation away. */
export interface WrittenSecret {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string | null>>;
  /** UID of the binding that owns it, where that was written. */
  readonly owner?: string;
  /** The Docker config in base64, where that was written: the answer then holds more than metadata. */
  readonly data?: Redacted;
}

/** An answer of metadata alone has neither type nor data. */
export type AnsweredSecret =
  & Stored<PartialObjectMetadata>
  & { readonly type?: string; readonly data?: Readonly<Record<string, string>> };

/** Of what was written into a Secret. */
export function missingOfSecret(
  { metadata, type, data: present }: AnsweredSecret,
  { labels, annotations, owner, data }: WrittenSecret,
): Missing {
  const owners = metadata.ownerReferences ?? [];
  const isOwned = owner === undefined || owners.some(({ uid }) => uid === owner);
  const missing = [
    ...missingOf("label", metadata.labels, labels),
    ...missingOf("annotation", metadata.annotations, annotations),
    ...(isOwned ? [] : ["the reference to its owner"]),
  ];
  if (data === undefined) return missing;
  if (type !== SECRET_TYPE) missing.push(`type ${SECRET_TYPE}`);
  if (!data.equals(present?.[SECRET_KEY])) missing.push("the credential itself");
  return missing;
}

function missingOf(
  what: string,
  present: Readonly<Record<string, string>> = {},
  written: Readonly<Record<string, string | null>> = {},
): Missing {
  return Object.entries(written)
    .filter(([name, value]) => (present[name] ?? null) !== value)
    .map(([name]) => `${what} ${name}`);
}

/** Secrets that a ServiceAccount should name (true) or not (false), and those that it does name. */
export function missingReferences(
  references: ReadonlyMap<string, boolean>,
  present: readonly string[],
): readonly string[] {
  // Both may be thousands: an account names as many Secrets as its tenant likes.
  const names = new Set(present);
  return [...references].filter(([name, wanted]) => names.has(name) !== wanted)
    .map(([name]) => name);
}

/** A binding's finalizers are as they were written, or admission has changed them. */
export function missingFinalizers(
  { metadata }: Stored<KubernetesObject>,
  written: readonly string[],
  ours: string,
): Missing {
  const isThere = (metadata.finalizers ?? []).includes(ours);
  return isThere === written.includes(ours) ? [] : [`finalizer ${ours}`];
}

/** Fields of a status that both the reference's CRDs and ours keep. */
const KEPT_BY_ALL = ["lastTokenRefreshTime", "tokenExpirationTime", "error"] as const;

/** A CRD that prunes conditions, all of them, is no sign of anybody's change. */
export function missingOfStatus(
  answer: BindingStatus | undefined,
  written: BindingStatus,
): Missing {
  const missing: string[] = KEPT_BY_ALL
    .filter((field) => written[field] !== undefined && answer?.[field] !== written[field])
    .map((field) => `status.${field}`);
  if (written.error === undefined && answer?.error !== undefined) missing.push("status.error");
  const conditions = answer?.conditions;
  if (conditions === undefined) return missing;
  const lacking = (written.conditions ?? []).filter((one) =>
    !conditions.some((other) => isSame(one, other))
  );
  return [...missing, ...lacking.map(({ type }) => `condition ${quote(type)}`)];
}

function isSame(one: Condition, other: Condition): boolean {
  return one.type === other.type && one.status === other.status && one.reason === other.reason &&
    one.message === other.message;
}
