import { Credentials, type CredentialsOptions } from "../../../src/azure/credentials.ts";
import type { AzureEndpoint, AzureError } from "../../../src/azure/errors.ts";
import { DIRECT_LIMITS } from "../../../src/azure/host_limits.ts";
import type { AzureRequest } from "../../../src/azure/request.ts";
import { IMDS_BASE_URL } from "../../../src/azure/imds.ts";
import { DEFAULT_SUFFIXES } from "../../../src/azure/registry.ts";
import { Redacted } from "../../../src/runtime/masking/redacted.ts";
import { FakeAzure } from "../../sandbox/azure/azure.ts";
import { encodeJwt } from "../../sandbox/azure/jwt.ts";
import type { FakeAzureOptions } from "../../sandbox/azure/options.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";

export const CLIENT_ID = "1b461305-28be-5271-beda-bd9fd2e24251";
export const OTHER_CLIENT_ID = "2c571416-39cf-4382-8feb-ce0ae3f35362";
export const TENANT_ID = "72f988bf-86f1-41af-91ab-2d7cd011db47";
export const REGISTRY = "bench.azurecr.io";
export const SCOPE = "repository:app:pull";
export const ARM = "https://management.azure.com/";

const URLS: Readonly<Record<AzureEndpoint, string>> = {
  imds: "http://169.254.169.254/metadata/identity/oauth2/token",
  entra: `https://login.microsoftonline.com/${TENANT_ID}/oauth2/v2.0/token`,
  exchange: `https://${REGISTRY}/oauth2/exchange`,
  token: `https://${REGISTRY}/oauth2/token`,
};

/** A request to an endpoint, as far as reading its answer needs one. */
export function requestTo(
  endpoint: AzureEndpoint,
  change: Partial<AzureRequest> = {},
): AzureRequest {
  const { signal } = new AbortController();
  return { endpoint, url: new URL(URLS[endpoint]), timeoutMs: 15_000, signal, ...change };
}

/** A ServiceAccount's token as the fake Azure checks it. */
export function assertionOf(time: FakeTime, subject: string): Redacted {
  const now = Math.floor(time.clock.now() / 1000);
  const claims = {
    iss: "https://issuer.example/",
    sub: subject,
    aud: ["api://AzureCRTokenExchange"],
    iat: now,
    nbf: now,
    exp: now + 3600,
  };
  return new Redacted(encodeJwt(claims));
}

/** Credentials over a fake Azure, on a clock that only the test moves. */
export interface CredentialsRig {
  readonly time: FakeTime;
  readonly azure: FakeAzure;
  readonly credentials: Credentials;
  /** ServiceAccounts for which a token was asked, as `namespace/name/uid`. */
  readonly assertions: string[];
  readonly stop: (reason: unknown) => void;
}

/** Sets credentials up; `options` replaces what they are given. */
export function credentialsRig(
  options: Partial<CredentialsOptions> & { azure?: Partial<FakeAzureOptions> } = {},
): CredentialsRig {
  const { azure: azureOptions, ...own } = options;
  const time = new FakeTime();
  const azure = new FakeAzure({ clock: time.clock, ...azureOptions });
  const stop = new AbortController();
  const assertions: string[] = [];
  const credentials = new Credentials({
    fetch: azure.fetch,
    clock: time.clock,
    imdsBaseUrl: IMDS_BASE_URL,
    limits: DIRECT_LIMITS,
    audiencePolicy: { kind: "auto" },
    allowedServerSuffixes: DEFAULT_SUFFIXES,
    serviceAccountToken: ({ namespace, name, uid }) => {
      assertions.push(`${namespace}/${name}/${uid}`);
      return Promise.resolve(assertionOf(time, `system:serviceaccount:${namespace}:${name}`));
    },
    signal: stop.signal,
    ...own,
  });
  return { time, azure, credentials, assertions, stop: (reason) => stop.abort(reason) };
}

/** The error by which `promise` rejects; fails when it does not. */
export async function rejection<E = AzureError>(promise: Promise<unknown>): Promise<E> {
  try {
    await promise;
  } catch (error) {
    return error as E;
  }
  throw new Error("the promise was expected to reject");
}

/** `promise` once enough of the fake time has passed for it to settle. */
export async function settle<T>(time: FakeTime, promise: Promise<T>, ms = 0): Promise<T> {
  promise.catch(() => {});
  await time.pass(ms);
  return await promise;
}
