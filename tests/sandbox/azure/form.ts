/** What a form must hold in one field. */
export interface FieldRule {
  /** The only value allowed; any non-empty one without it. */
  readonly value?: string;
  readonly optional?: boolean;
  /** The field may be given more than once. */
  readonly repeatable?: boolean;
}

/** A form as it was posted, with its departures from the protocol. */
export interface PostedForm {
  readonly fields: URLSearchParams;
  readonly faults: readonly string[];
}

/** Requests authenticate by their form; a credential in one of these goes to the wrong reader. */
const NEEDLESS_HEADERS = ["authorization", "cookie"];

/**
 * Reads an application/x-www-form-urlencoded POST and holds it against `rules`, field by field.
 * Faults name fields and never show what a field holds, which may be a token.
 */
export async function readForm(
  request: Request,
  url: URL,
  rules: Readonly<Record<string, FieldRule>>,
): Promise<PostedForm> {
  const fields = new URLSearchParams(await request.text());
  const faults = [
    ...requestFaults(request, url),
    ...Object.entries(rules).flatMap(([name, rule]) => fieldFaults(fields, name, rule)),
    ...[...new Set(fields.keys())].filter((name) => !Object.hasOwn(rules, name))
      .map((name) => `unknown form field ${name}`),
  ];
  return { fields, faults };
}

function requestFaults(request: Request, url: URL): string[] {
  const faults: string[] = [];
  if (request.method !== "POST") faults.push(`method ${request.method} instead of POST`);
  const type = request.headers.get("content-type") ?? "none";
  if (!/^application\/x-www-form-urlencoded(?:;|$)/i.test(type)) {
    faults.push(`content type ${type} instead of application/x-www-form-urlencoded`);
  }
  for (const name of NEEDLESS_HEADERS) {
    if (request.headers.has(name)) faults.push(`header ${name} carries a credential`);
  }
  for (const name of url.searchParams.keys()) {
    if (name !== "api-version") faults.push(`unknown query parameter ${name}`);
  }
  return faults;
}

function fieldFaults(fields: URLSearchParams, name: string, rule: FieldRule): string[] {
  const values = fields.getAll(name);
  if (values.length === 0) return rule.optional ? [] : [`form field ${name} is missing`];
  if (values.length > 1 && !rule.repeatable) return [`form field ${name} is given twice`];
  if (values.some((value) => value === "")) return [`form field ${name} is empty`];
  if (rule.value === undefined || values[0] === rule.value) return [];
  return [`form field ${name} is not ${rule.value}`];
}
