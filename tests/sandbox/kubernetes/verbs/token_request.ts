import type { Core } from "../core.ts";
import { toFieldsV1 } from "../fields/fields_v1.ts";
import { managerOf } from "../http/options.ts";
import { parseObject } from "../http/body.ts";
import { conflict, type FieldError, invalid, notFound } from "../model/errors.ts";
import { invalidValue } from "../model/field_errors.ts";
import { isObject, type Json, type JsonObject } from "../model/json.ts";
import { type KubeObject, timeText } from "../model/object.ts";
import { type Call, keyOf } from "./call.ts";

/** What the tokens say of their issuer. */
export interface TokenIssuer {
  readonly issuer: string;
  readonly defaultAudience: string;
}

const SHORTEST_SECONDS = 600;
const LONGEST_SECONDS = 2 ** 32;
const DEFAULT_SECONDS = 3600;

/**
 * Answers a TokenRequest for a ServiceAccount with a token of the usual claims. Its signature is
 * random: whoever verifies it must be a fake as well.
 */
export function requestToken(core: Core, call: Call, issuer: TokenIssuer): JsonObject {
  const request = parseObject(call.body, call.contentType, "TokenRequest");
  const key = keyOf(call);
  const account = core.store.get(call.type, key);
  if (account === undefined) throw notFound(call.type, key.name);
  checkUid(request, account);
  const spec = readSpec(request, key.name, issuer);
  const now = Math.floor(core.clock.now() / 1000);
  const claims = claimsOf(core, account, spec, now, issuer.issuer);
  return {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: {
      name: key.name,
      namespace: key.namespace,
      uid: account.metadata.uid ?? "",
      creationTimestamp: core.timestamp(),
      managedFields: [ownership(core, request, call.userAgent)],
    },
    spec: { ...spec },
    status: {
      token: encodeToken(core, claims),
      expirationTimestamp: timeText((now + spec.expirationSeconds) * 1000),
    },
  };
}

/** A UID that is named must be the account's (TokenRequestServiceAccountUIDValidation, 1.34). */
function checkUid(request: JsonObject, { metadata }: KubeObject): void {
  const given = isObject(request.metadata) ? request.metadata.uid : undefined;
  if (typeof given !== "string" || given === "" || given === metadata.uid) return;
  throw conflict(
    { group: "authentication.k8s.io", plural: "TokenRequest" },
    metadata.name,
    `the UID in the token request (${given}) does not match the UID of the service account (${metadata.uid})`,
  );
}

/** Even a TokenRequest, which is never stored, tells who set what. */
function ownership(core: Core, request: JsonObject, userAgent: string): JsonObject {
  const spec = isObject(request.spec) ? request.spec : {};
  const audiences = Array.isArray(spec.audiences) && spec.audiences.length > 0;
  const bound = isObject(spec.boundObjectRef)
    ? { "f:boundObjectRef": toFieldsV1(Object.keys(spec.boundObjectRef).map((key) => `f:${key}`)) }
    : {};
  const fields = {
    ...(audiences ? { "f:audiences": {} } : {}),
    ...bound,
    "f:expirationSeconds": {},
  };
  return {
    manager: managerOf(userAgent),
    operation: "Update",
    apiVersion: "authentication.k8s.io/v1",
    time: core.timestamp(),
    fieldsType: "FieldsV1",
    fieldsV1: { "f:spec": fields },
    subresource: "token",
  };
}

type TokenSpec = {
  audiences: string[];
  expirationSeconds: number;
  boundObjectRef: Json;
};

function readSpec(request: JsonObject, name: string, issuer: TokenIssuer): TokenSpec {
  const spec = isObject(request.spec) ? request.spec : {};
  const seconds = typeof spec.expirationSeconds === "number"
    ? spec.expirationSeconds
    : DEFAULT_SECONDS;
  const given = isObject(request.metadata) ? request.metadata.name : undefined;
  if (typeof given === "string" && given !== "" && given !== name) {
    const why = "must match the service account name if specified";
    throw refuse(name, [invalidValue("metadata.name", given, why)]);
  }
  const field = "spec.expirationSeconds";
  if (seconds < SHORTEST_SECONDS) {
    const why = "may not specify a duration less than 10 minutes";
    throw refuse("", [invalidValue(field, seconds, why)]);
  }
  if (seconds > LONGEST_SECONDS) {
    const why = "may not specify a duration larger than 2^32 seconds";
    throw refuse("", [invalidValue(field, seconds, why)]);
  }
  const audiences = Array.isArray(spec.audiences) ? spec.audiences.map(String) : [];
  return {
    audiences: audiences.length === 0 ? [issuer.defaultAudience] : audiences,
    expirationSeconds: seconds,
    boundObjectRef: spec.boundObjectRef ?? null,
  };
}

function refuse(name: string, errors: FieldError[]): Error {
  return invalid({ group: "authentication.k8s.io", kind: "TokenRequest" }, name, errors);
}

function claimsOf(
  core: Core,
  account: KubeObject,
  spec: TokenSpec,
  now: number,
  issuer: string,
): JsonObject {
  const { namespace = "", name, uid = "" } = account.metadata;
  return {
    aud: spec.audiences,
    exp: now + spec.expirationSeconds,
    iat: now,
    iss: issuer,
    jti: core.uid(),
    "kubernetes.io": { namespace, serviceaccount: { name, uid } },
    nbf: now,
    sub: `system:serviceaccount:${namespace}:${name}`,
  };
}

function encodeToken(core: Core, claims: JsonObject): string {
  const header = { alg: "RS256", kid: "in-memory" };
  const signature = Uint8Array.from({ length: 256 }, () => Math.floor(core.random() * 256));
  const text = (value: JsonObject) => new TextEncoder().encode(JSON.stringify(value));
  return [text(header), text(claims), signature].map(base64Url).join(".");
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_")
    .replaceAll("=", "");
}

/** The user whom a token issued here stands for, or undefined for any other token. */
export function subjectOf(token: string): string | undefined {
  const payload = token.split(".")[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    return isObject(claims) && typeof claims.sub === "string" ? claims.sub : undefined;
  } catch {
    return undefined; // Not a JWT: an opaque token has no subject.
  }
}
