/** A denial in admission: what a server answers, and what the operator makes of it. */
export interface RecordedDenial {
  /** What denies, and in which of its forms. */
  readonly what: string;
  readonly code: number;
  /** Absent where the server's Status has none. */
  readonly reason?: string;
  /** Of the Status, as kube-apiserver makes it. */
  readonly message: string;
  readonly kind: "webhook" | "policy";
  readonly name: string;
  /** The one line that is told. */
  readonly told: string;
}

/** What a webhook answers: kube-apiserver puts its name before, and 400 where it gives no code. */
export interface WebhookDenial extends Omit<RecordedDenial, "kind" | "message"> {
  /** The webhook's own words. */
  readonly said: string;
}

const KYVERNO = "validate.kyverno.svc-fail";
const GATEKEEPER = "validation.gatekeeper.sh";
/** As the suites' own webhook is called. */
const PLAIN = "others.example.com";
const AT_THE_END = 'Denied by policy "no-pull-secrets" of team platform.';
const LONG = Array.from({ length: 80 }, (_, at) => `+ line ${at} of what was to be written`)
  .join("\n");

/**
 * Formats by source: Kyverno pkg/webhooks/utils/block.go (GetBlockedMessages: YAML, neither code nor
 * reason) and its ValidatingPolicy ("Policy NAME failed: ..."); Gatekeeper pkg/webhook/policy.go
 * (`[CONSTRAINT] message`, joined by line breaks; code 403; before 3.4 the text was the reason too).
 */
export const WEBHOOK_DENIALS: readonly WebhookDenial[] = [
  {
    what: "Kyverno, by a rule of one policy",
    name: KYVERNO,
    code: 400,
    said: "\n\nresource Secret/team-a/pull was blocked due to the following policies \n\n" +
      'require-owner:\n  has-owner: \'validation error: a "Secret" needs the label `owner`.\n' +
      "    rule has-owner failed at path /metadata/labels/owner/'\n",
    told: `admission webhook "${KYVERNO}" denied the request: ` +
      "resource Secret/team-a/pull was blocked due to the following policies require-owner: " +
      'has-owner: \'validation error: a "Secret" needs the label `owner`. ' +
      "rule has-owner failed at path /metadata/labels/owner/'",
  },
  {
    what: "Kyverno, by rules of two policies",
    name: KYVERNO,
    code: 400,
    said: "\n\nresource Secret/team-a/pull was blocked due to the following policies \n\n" +
      "require-owner:\n  has-owner: no owner\nrestrict-types:\n  no-docker: 'type\n    refused'\n",
    told: `admission webhook "${KYVERNO}" denied the request: ` +
      "resource Secret/team-a/pull was blocked due to the following policies require-owner: " +
      "has-owner: no owner restrict-types: no-docker: 'type refused'",
  },
  {
    what: "Kyverno, by a ValidatingPolicy",
    name: "vpol.validate.kyverno.svc-fail",
    code: 400,
    said: "Policy require-owner failed: Secrets need an owner",
    told: 'admission webhook "vpol.validate.kyverno.svc-fail" denied the request: ' +
      "Policy require-owner failed: Secrets need an owner",
  },
  {
    what: "Gatekeeper, by two constraints",
    name: GATEKEEPER,
    code: 403,
    reason: "Forbidden",
    said: '[secrets-need-owner] you must provide labels: {"owner"}\n[no-docker] refused',
    told: `admission webhook "${GATEKEEPER}" denied the request: ` +
      '[secrets-need-owner] you must provide labels: {"owner"} [no-docker] refused',
  },
  {
    what: "Gatekeeper of old, whose reason is its text",
    name: GATEKEEPER,
    code: 403,
    reason: '[denied by secrets-need-owner] you must provide labels: {"owner"}\nand more',
    said: '[denied by secrets-need-owner] you must provide labels: {"owner"}\nand more',
    told: `admission webhook "${GATEKEEPER}" denied the request: ` +
      '[denied by secrets-need-owner] you must provide labels: {"owner"} and more',
  },
  {
    what: "a plain webhook, with a code of its own",
    name: PLAIN,
    code: 422,
    reason: "Invalid",
    said: "not\tlike\r\n\r\nthis",
    told: `admission webhook "${PLAIN}" denied the request: not like this`,
  },
  {
    what: "a plain webhook whose 4 KB end in the policy's name",
    name: PLAIN,
    code: 400,
    said: `would write:\n${LONG}\n${LONG}\n${AT_THE_END}`,
    told: `admission webhook "${PLAIN}" denied the request: would write: + line 0 of what was to ` +
      "be written + line 1 of what was to be written + line 2 of what was to be written + line 3 " +
      "of what was to be written + line 4 of what was to be written + line 5 of what was to be " +
      "written + line 6 of what...e 73 of what was to be written + line 74 of what was to be " +
      "written + line 75 of what was to be written + line 76 of what was to be written + line 77 " +
      "of what was to be written + line 78 of what was to be written + line 79 of what was to be " +
      `written ${AT_THE_END}`,
  },
];

/** What kube-apiserver says of a policy that refuses, or cannot tell. It takes none with line breaks. */
const POLICY_DENIALS: readonly RecordedDenial[] = [
  {
    what: "a ValidatingAdmissionPolicy, with the usual reason",
    kind: "policy",
    name: "secrets-need-owner",
    code: 422,
    reason: "Invalid",
    message: "secrets \"pull\" is forbidden: ValidatingAdmissionPolicy 'secrets-need-owner' with " +
      "binding 'team-a' denied request: the label \"owner\" is required",
    told: "ValidatingAdmissionPolicy 'secrets-need-owner' with binding 'team-a' denied request: " +
      'the label "owner" is required',
  },
  {
    what: "a ValidatingAdmissionPolicy whose expression fails",
    kind: "policy",
    name: "secrets-need-owner",
    code: 403,
    reason: "Forbidden",
    message: "secrets \"pull\" is forbidden: ValidatingAdmissionPolicy 'secrets-need-owner' with " +
      "binding 'team-a' denied request: expression 'object.metadata.labels.owner != \"\"' " +
      "resulted in error: no such key: owner",
    told: "ValidatingAdmissionPolicy 'secrets-need-owner' with binding 'team-a' denied request: " +
      "expression 'object.metadata.labels.owner != \"\"' resulted in error: no such key: owner",
  },
  {
    what: "a ValidatingAdmissionPolicy, of an object without a name",
    kind: "policy",
    name: "p",
    code: 413,
    reason: "RequestEntityTooLarge",
    message: "acrpullbindings.acrpull.microsoft.com is forbidden: ValidatingAdmissionPolicy 'p' " +
      "denied request: no",
    told: "ValidatingAdmissionPolicy 'p' denied request: no",
  },
  {
    what: "a MutatingAdmissionPolicy that fails",
    kind: "policy",
    name: "stamp",
    code: 403,
    reason: "Forbidden",
    message: "policy 'stamp' with binding 'all' denied request: failed to evaluate",
    told: "policy 'stamp' with binding 'all' denied request: failed to evaluate",
  },
  {
    what: "a MutatingAdmissionPolicy that is misconfigured",
    kind: "policy",
    name: "stamp",
    code: 403,
    reason: "Forbidden",
    message: 'policy "stamp" denied request: failed to configure policy',
    told: 'policy "stamp" denied request: failed to configure policy',
  },
];

const WITHOUT_EXPLANATION = `admission webhook "${PLAIN}" denied the request without explanation`;

/** Denials of every kind, as answers of the API server. */
export const DENIALS: readonly RecordedDenial[] = [
  ...WEBHOOK_DENIALS.map(({ said, ...denial }) => ({
    ...denial,
    kind: "webhook" as const,
    message: `admission webhook "${denial.name}" denied the request: ${said}`,
  })),
  {
    what: "a plain webhook without a word",
    kind: "webhook",
    name: PLAIN,
    code: 400,
    message: WITHOUT_EXPLANATION,
    told: WITHOUT_EXPLANATION,
  },
  ...POLICY_DENIALS,
];
