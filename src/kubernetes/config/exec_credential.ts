import { optional } from "../../runtime/optional.ts";
import { Redacted } from "../../runtime/masking/redacted.ts";
import { asObject } from "../../runtime/as_object.ts";
import { bearer, type FreshCredentials, tokenFault } from "./credentials.ts";
import { pemFault } from "./pem.ts";
import type { ClientCertificate, ClusterCredentials } from "./types.ts";

/** Fetched anew this long before they expire, or at half of their life if that is less. */
const LONGEST_MARGIN_MS = 60_000;

/**
 * Reads what an exec plugin printed: an `ExecCredential` of `apiVersion`. Throws an Error whose
 * message goes on from the plugin's name and quotes nothing of the output.
 * See https://kubernetes.io/docs/reference/config-api/client-authentication.v1/.
 */
export function readExecCredential(
  stdout: string,
  apiVersion: string,
  nowMs: number,
): FreshCredentials {
  const answer = parse(stdout);
  if (answer.kind !== "ExecCredential" || answer.apiVersion !== apiVersion) {
    throw new Error(
      `printed ${shown(answer.kind)} of ${shown(answer.apiVersion)}, and not an ` +
        `ExecCredential of ${apiVersion}`,
    );
  }
  const status = asObject(answer.status);
  if (status === undefined) throw new Error("printed an ExecCredential without status");
  return {
    credentials: readCredentials(status),
    freshUntilMs: freshUntil(status.expirationTimestamp, nowMs),
  };
}

function parse(stdout: string): Record<string, unknown> {
  if (stdout.trim() === "") throw new Error("printed nothing");
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    // The parser's message quotes the text, which holds the token.
  }
  const answer = asObject(value);
  if (answer === undefined) throw new Error("printed what is not a JSON object");
  return answer;
}

function readCredentials(status: Record<string, unknown>): ClusterCredentials {
  const token = text(status, "token");
  const fault = token === undefined ? undefined : tokenFault(token);
  if (fault !== undefined) throw new Error(`printed a status.token that ${fault}`);
  const clientCertificate = readCertificate(status);
  if (token === undefined && clientCertificate === undefined) {
    throw new Error("printed neither status.token nor status.clientCertificateData");
  }
  return {
    ...optional("authorization", token === undefined ? undefined : bearer(new Redacted(token))),
    ...optional("clientCertificate", clientCertificate),
  };
}

function readCertificate(status: Record<string, unknown>): ClientCertificate | undefined {
  const certificate = text(status, "clientCertificateData");
  const key = text(status, "clientKeyData");
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined || key === undefined) {
    throw new Error("must print status.clientCertificateData and status.clientKeyData together");
  }
  check("clientCertificateData", pemFault("certificate", certificate));
  check("clientKeyData", pemFault("key", key));
  return { certificate, key: new Redacted(key) };
}

function check(key: string, fault: string | undefined): void {
  if (fault !== undefined) throw new Error(`printed a status.${key} that ${fault}`);
}

function freshUntil(timestamp: unknown, nowMs: number): number {
  if (timestamp === undefined || timestamp === null) return Infinity;
  const expiresAtMs = typeof timestamp === "string" ? Date.parse(timestamp) : NaN;
  if (Number.isNaN(expiresAtMs)) {
    throw new Error("printed a status.expirationTimestamp that is no RFC 3339 time");
  }
  return expiresAtMs - Math.min(LONGEST_MARGIN_MS, Math.max(0, expiresAtMs - nowMs) / 2);
}

function text(status: Record<string, unknown>, key: string): string | undefined {
  const value = status[key] ?? "";
  if (typeof value !== "string") throw new Error(`printed a status.${key} that is no string`);
  return value === "" ? undefined : value;
}

function shown(value: unknown): string {
  return typeof value === "string" ? `"${value.slice(0, 60)}"` : "nothing";
}
