/** Name rules of apimachinery's util/validation: each answers what is wrong, one sentence each. */

const SUBDOMAIN = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_VALUE = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
const CONFIG_KEY = "[-._a-zA-Z0-9]+";

function matches(value: string, pattern: string): boolean {
  return new RegExp(`^${pattern}$`).test(value);
}

function examples(...values: string[]): string {
  return values.map((value) => `'${value}', `).join(" or ");
}

function byteLength(value: string): number {
  return new TextEncoder().encode(value).length;
}

/** A name of most kinds: lower case, dots allowed, up to 253 characters. */
export function subdomainErrors(value: string): string[] {
  const errors: string[] = [];
  if (byteLength(value) > 253) errors.push("must be no more than 253 characters");
  if (!matches(value, SUBDOMAIN)) {
    errors.push(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '" +
        SUBDOMAIN + "')",
    );
  }
  return errors;
}

/** A namespace's name: one DNS label of up to 63 characters. */
export function labelErrors(value: string): string[] {
  if (value.includes(".")) return ["must not contain dots"];
  const errors: string[] = [];
  if (byteLength(value) > 63) errors.push("must be no more than 63 characters");
  if (!matches(value, LABEL)) {
    errors.push(
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '" +
        LABEL + "')",
    );
  }
  return errors;
}

const QUALIFIED_TEXT =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. " +
  examples("MyName", "my.name", "123-abc") + `regex used for validation is '${QUALIFIED}')`;

function splitQualified(value: string): { prefix?: string; name: string } | undefined {
  const parts = value.split("/");
  if (parts.length === 1) return { name: parts[0]! };
  return parts.length === 2 ? { prefix: parts[0]!, name: parts[1]! } : undefined;
}

function prefixErrors(prefix: string): string[] {
  if (prefix === "") return ["prefix part must be non-empty"];
  return subdomainErrors(prefix).map((why) => `prefix part ${why}`);
}

/** The key of an annotation, or a condition's type: `prefix/name`. */
export function qualifiedNameErrors(value: string): string[] {
  const split = splitQualified(value);
  if (split === undefined) {
    return [
      `a qualified name ${QUALIFIED_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const errors = split.prefix === undefined ? [] : prefixErrors(split.prefix);
  if (split.name === "") errors.push("name part must be non-empty");
  else if (byteLength(split.name) > 63) errors.push("name part must be no more than 63 bytes");
  if (!matches(split.name, QUALIFIED)) errors.push(`name part ${QUALIFIED_TEXT}`);
  return errors;
}

/** The key of a label. */
export function labelKeyErrors(value: string): string[] {
  if (splitQualified(value) !== undefined) return qualifiedNameErrors(value);
  return [
    `a valid label key ${QUALIFIED_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
  ];
}

/** The value of a label: up to 63 characters, or empty. */
export function labelValueErrors(value: string): string[] {
  const errors: string[] = [];
  if (byteLength(value) > 63) errors.push("must be no more than 63 bytes");
  if (!matches(value, LABEL_VALUE)) {
    errors.push(
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. " +
        examples("MyValue", "my_value", "12345") + `regex used for validation is '${LABEL_VALUE}')`,
    );
  }
  return errors;
}

/** A key of a Secret's or ConfigMap's data. */
export function configKeyErrors(value: string): string[] {
  const errors: string[] = [];
  if (byteLength(value) > 253) errors.push("must be no more than 253 bytes");
  if (!matches(value, CONFIG_KEY)) {
    errors.push(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. " +
        examples("key.name", "KEY_NAME", "key-name") +
        `regex used for validation is '${CONFIG_KEY}')`,
    );
  }
  if (value === ".") errors.push("must not be '.'");
  else if (value === "..") errors.push("must not be '..'");
  else if (value.startsWith("..")) errors.push("must not start with '..'");
  return errors;
}
