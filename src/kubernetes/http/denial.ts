import { cutMiddle } from "../../runtime/text/cut.ts";
import { maskSecrets } from "../../runtime/masking/mask.ts";
import { oneLine } from "../../runtime/text/one_line.ts";

/** A request that was refused in admission, by somebody's rule and not by the API server's own. */
export interface Denial {
  /** An admission webhook, or a policy that the API server itself evaluates. */
  readonly kind: "webhook" | "policy";
  /** As the API server knows it; policy engines name their own policies in the message. */
  readonly name: string;
  /** Who denied, and in which words: one line without credentials, of at most 600 bytes. */
  readonly message: string;
}

/**
 * In bytes: an Event (1024) has room for it whole, beside what was tried on an object of the longest
 * name. Policy engines begin with the policy's name, others end with it, so that both ends are told.
 */
const LONGEST_MESSAGE = 600;

/** As long as an object's name may be, and so a webhook's or a policy's. */
const LONGEST_NAME = 253;
/** A resource with its group, and an object's name in quotes. */
const LONGEST_LEAD = 1024;

/**
 * What kube-apiserver puts before whatever a webhook gave as its reason (ToStatusErr in apiserver's
 * pkg/admission/plugin/webhook/errors). All the rest of such a Status is the webhook's own: reason,
 * code and details may be any. Without a code it is 400, and without a reason there is none.
 */
const WEBHOOK = { before: 'admission webhook "', after: '" denied the request' };

/**
 * How policies refuse: validating ones after what NewForbidden says of the object, mutating ones
 * that fail alone (apiserver's pkg/admission/plugin/policy, validating/dispatcher.go and
 * generic/policy_dispatcher.go).
 */
const POLICIES = [
  { before: "ValidatingAdmissionPolicy '", mark: "'" },
  { before: "policy '", mark: "'" },
  { before: 'policy "', mark: '"' },
] as const;

/** What follows a policy's name. */
const DENIED = " denied request: ";
const WITH_BINDING = " with binding '";

/** `secrets "x" is forbidden: ` or, of an object without a name, `secrets is forbidden: `. */
const FORBIDDEN = /^[\w.-]+ (?:"[^"]*" )?is forbidden: /;

/** The denial of which the message of a Status tells; undefined where the API server itself speaks. */
export function denialIn(message: string): Denial | undefined {
  return denialByWebhook(message) ?? denialByPolicy(message);
}

function denialByWebhook(message: string): Denial | undefined {
  if (!message.startsWith(WEBHOOK.before)) return undefined;
  const name = nameAt(message, WEBHOOK.before.length, '"');
  const end = WEBHOOK.before.length + (name?.length ?? 0);
  if (name === undefined || !message.startsWith(WEBHOOK.after, end)) return undefined;
  return { kind: "webhook", name, message: told(message) };
}

function denialByPolicy(message: string): Denial | undefined {
  const lead = FORBIDDEN.exec(message.slice(0, LONGEST_LEAD))?.[0].length ?? 0;
  for (const { before, mark } of POLICIES) {
    if (!message.startsWith(before, lead)) continue;
    const name = nameAt(message, lead + before.length, mark);
    if (name === undefined) return undefined;
    const end = lead + before.length + name.length + mark.length;
    if (!isDenied(message, end)) return undefined;
    // The object is named where the operator tells what it tried.
    return { kind: "policy", name, message: told(message.slice(lead)) };
  }
  return undefined;
}

function isDenied(message: string, at: number): boolean {
  if (message.startsWith(DENIED, at)) return true;
  if (!message.startsWith(WITH_BINDING, at)) return false;
  const binding = nameAt(message, at + WITH_BINDING.length, "'");
  return binding !== undefined &&
    message.startsWith(DENIED, at + WITH_BINDING.length + binding.length + 1);
}

/** What stands from `from` to the closing mark. */
function nameAt(message: string, from: number, mark: string): string | undefined {
  const to = message.slice(0, from + LONGEST_NAME + 1).indexOf(mark, from);
  return to < 0 ? undefined : message.slice(from, to);
}

function told(message: string): string {
  return cutMiddle(oneLine(maskSecrets(message)), LONGEST_MESSAGE);
}
