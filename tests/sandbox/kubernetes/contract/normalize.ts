import type { Answer } from "./conversation.ts";

/** Fields in which the server writes the present moment. */
const TIMES = new Set(["creationTimestamp", "deletionTimestamp", "time", "expirationTimestamp"]);

/**
 * Replaces what differs from run to run in the answers of one conversation: versions, uids, times,
 * generated names, tokens, the namespace. They become names in the order of their appearance. What
 * means nothing is dropped: descriptions of columns, the order of validation errors.
 */
export function normalize(answers: readonly Answer[], namespace: string): Answer[] {
  const names = new Names();
  return answers.map((answer) => {
    const body = walk(answer.body, "", names, namespace);
    return {
      ...answer,
      warnings: answer.warnings.map((text) => names.inText(text, namespace)),
      body,
    };
  });
}

class Names {
  readonly #versions = new Map<string, string>();
  readonly #uids = new Map<string, string>();

  version(value: string): string {
    return nameOf(this.#versions, value, "RV");
  }

  uid(value: string): string {
    return nameOf(this.#uids, value, "UID");
  }

  inText(text: string, namespace: string): string {
    return text.replaceAll(namespace, "NS")
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (uid) => this.uid(uid))
      .replaceAll(/ at \d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z/g, " at TIME")
      .replaceAll(/Invalid value: "\{.*\}": /gs, 'Invalid value: "{...}": ')
      .replaceAll(/(in record |current: |resource version: \d+ )\(?\d+\)?/g, "$1N")
      .replaceAll(/\bgen-[a-z0-9]{5}\b/g, "gen-RANDOM");
  }
}

function nameOf(known: Map<string, string>, value: string, prefix: string): string {
  let name = known.get(value);
  if (name === undefined) known.set(value, name = `${prefix}${known.size + 1}`);
  return name;
}

function walk(value: unknown, field: string, names: Names, namespace: string): unknown {
  if (Array.isArray(value)) return value.map((item) => walk(item, field, names, namespace));
  if (typeof value === "string") return scalar(value, field, names, namespace);
  if (typeof value !== "object" || value === null) return value;
  const bookmark = (value as Fields).type === "BOOKMARK";
  if (bookmark) return walkBookmark(value as Fields);
  const entries = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, item]) => [
    key,
    walk(item, key, names, namespace),
  ]);
  return tidy(Object.fromEntries(entries));
}

/** A bookmark carries the latest version of the whole server, which others advance too. */
function walkBookmark(event: Fields): Fields {
  const text = JSON.stringify(event).replace(
    /"resourceVersion":"\d+"/,
    '"resourceVersion":"LATEST"',
  );
  return JSON.parse(text) as Fields;
}

function scalar(value: string, field: string, names: Names, namespace: string): string {
  if (field === "resourceVersion" && /^[1-9]\d*$/.test(value)) return names.version(value);
  if (TIMES.has(field)) return "TIME";
  if (field === "continue" && value !== "") return "CONTINUE";
  if (field === "token") return JSON.stringify(claims(value, names, namespace));
  if (field === "cells" && /^(\d+[smhdy]){1,2}$/.test(value)) return "AGE";
  if (field === "cells" && /^\d{4}-\d{2}-\d{2}T/.test(value)) return "TIME";
  return names.inText(value, namespace);
}

/** The claims of a token without its moments and ids. */
function claims(token: string, names: Names, namespace: string): unknown {
  const payload = token.split(".")[1] ?? "";
  const text = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
  const { exp, iat, nbf, jti: _jti, ...rest } = JSON.parse(text) as Record<string, number>;
  const seconds = { lifetime: exp! - iat!, delay: nbf! - iat! };
  return walk({ ...rest, ...seconds }, "", names, namespace);
}

type Fields = Record<string, unknown>;

function tidy(fields: Fields): Fields {
  if (fields.kind === "Table") return tidyTable(fields);
  if (fields.kind === "Status" && fields.reason === "Invalid") return tidyInvalid(fields);
  return fields;
}

function tidyTable(table: Fields): Fields {
  const columns = table.columnDefinitions as Fields[] | null;
  return {
    ...table,
    columnDefinitions: columns?.map(({ description: _description, ...rest }) => rest) ?? null,
  };
}

/** The validation errors of a schema come in no order. */
function tidyInvalid(status: Fields): Fields {
  const causes = (status.details as { causes?: Fields[] } | undefined)?.causes;
  if (causes === undefined || causes.length < 2) return status;
  const sorted = causes.map((cause) => JSON.stringify(cause)).sort().map((text): unknown =>
    JSON.parse(text)
  );
  const message = String(status.message).replace(/is invalid: .*/s, "is invalid: ...");
  return { ...status, message, details: { ...status.details as Fields, causes: sorted } };
}
