/**
 * The floor: the API writes that bindings need and nothing else, as fast as they go. Prints one line
 * of JSON. It decides nothing, remembers nothing and calls no Azure.
 */
import { cpuSecondsOf, memoryOf } from "../machine/proc.ts";
import { pooled } from "../cluster/pool.ts";
import {
  BINDING_LABEL,
  EXPIRY_ANNOTATION,
  FINALIZER,
  INPUTS_ANNOTATION,
  REFRESH_ANNOTATION,
  SECRET_KEY,
  SECRET_TYPE,
} from "../../../src/controller/conventions.ts";

/** What the floor is told, as JSON in its only argument. */
export interface FloorTask {
  readonly server: string;
  readonly caPem: string;
  readonly token: string;
  readonly namespace: string;
  readonly count: number;
  /** Bindings at a time. */
  readonly width: number;
}

/** What the floor answers. */
export interface FloorResult {
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

/** As long as the Secret of a token of ACR. */
const PASSWORD = "x".repeat(1_100);

const TIMES = {
  lastTokenRefreshTime: "2030-01-01T00:00:00Z",
  tokenExpirationTime: "2030-01-01T03:00:00Z",
};

async function main(task: FloorTask): Promise<void> {
  using client = Deno.createHttpClient({ caCerts: [task.caPem] });
  const authorization = `Bearer ${task.token}`;
  const send = async (method: string, path: string, body: unknown) => {
    const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const response = await fetch(task.server + path, {
      method,
      headers: { authorization, "content-type": contentType },
      body: JSON.stringify(body),
      client,
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}`);
    return answer as { metadata: { uid: string } };
  };
  const indexes = Array.from({ length: task.count }, (_, index) => index);
  await pooled(indexes, task.width, (index) => writeOne(send, task.namespace, index));
  const result: FloorResult = {
    cpuSeconds: cpuSecondsOf("self"),
    peakRssBytes: memoryOf("self").peak,
  };
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(result)}\n`));
}

type Send = (
  method: string,
  path: string,
  body: unknown,
) => Promise<{ readonly metadata: { readonly uid: string } }>;

async function writeOne(send: Send, namespace: string, index: number): Promise<void> {
  const apiVersion = "msi-acrpull.microsoft.com/v1beta1";
  const name = `binding-${index}`;
  const binding = `/apis/${apiVersion}/namespaces/${namespace}/acrpullbindings/${name}`;
  const core = `/api/v1/namespaces/${namespace}`;
  const secret = `${name}-msi-acrpull-secret`;
  const { metadata } = await send("PATCH", binding, { metadata: { finalizers: [FINALIZER] } });
  const owner = { apiVersion, kind: "AcrPullBinding", name, uid: metadata.uid };
  await send("POST", `${core}/secrets`, {
    apiVersion: "v1",
    kind: "Secret",
    type: SECRET_TYPE,
    metadata: {
      name: secret,
      labels: { [BINDING_LABEL]: name },
      annotations: {
        [EXPIRY_ANNOTATION]: TIMES.tokenExpirationTime,
        [REFRESH_ANNOTATION]: TIMES.lastTokenRefreshTime,
        [INPUTS_ANNOTATION]: "x".repeat(44),
      },
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
    },
    data: { [SECRET_KEY]: dockerConfig() },
  });
  const pullSecrets = { imagePullSecrets: [{ name: secret }] };
  await send("PATCH", `${core}/serviceaccounts/account-${index}`, pullSecrets);
  const condition = {
    type: "Ready",
    status: "True",
    reason: "CredentialAttached",
    message: `Secret ${secret} is attached to service account account-${index}.`,
    lastTransitionTime: TIMES.lastTokenRefreshTime,
    observedGeneration: 1,
  };
  const status = { ...TIMES, observedGeneration: 1, conditions: [condition] };
  await send("PATCH", `${binding}/status`, { status });
}

function dockerConfig(): string {
  const username = "00000000-0000-0000-0000-000000000000";
  const auth = btoa(`${username}:${PASSWORD}`);
  const entry = { username, password: PASSWORD, email: "msi-acrpull@azurecr.io", auth };
  return btoa(JSON.stringify({ auths: { "bench.azurecr.io": entry } }));
}

if (import.meta.main) await main(JSON.parse(Deno.args[0]!));
