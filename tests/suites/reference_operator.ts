import type { JSONValue, RestClient } from "../../src/kubernetes/http/contract.ts";
import type { ApiServer } from "../sandbox/api_server.ts";
import { decodeJwt } from "../sandbox/azure/jwt.ts";
import type { AnyBinding, BindingObjects } from "./binding_objects.ts";
import { connect } from "./cluster_admin.ts";
import type { OperatorRig } from "./operator_rig.ts";
import { type ReferenceBinding, referenceInputs } from "./reference_rules.ts";

/** The steps in which the reference serves a binding, each a write of its own. */
const STEPS = ["finalizer", "secret", "reference", "status"] as const;
export type Step = typeof STEPS[number];

const USER = "00000000-0000-0000-0000-000000000000";
const ARM_V1 = "https://management.azure.com/";
const ARM_V2 = "https://management.core.windows.net/";

type Live = ReferenceBinding & {
  metadata: { name: string; uid: string } & Record<string, unknown>;
};

/**
 * Leaves a namespace as the reference leaves it: the same objects, written in the same steps under
 * its name in managedFields, with tokens from the rig's Azure.
 */
export class ReferenceOperator implements Disposable {
  readonly #rig: OperatorRig;
  readonly #rest: RestClient;

  private constructor(rig: OperatorRig, rest: RestClient) {
    this.#rig = rig;
    this.#rest = rest;
  }

  static async in(rig: OperatorRig, api: ApiServer): Promise<ReferenceOperator> {
    return new ReferenceOperator(rig, await connect(api));
  }

  /** Serves a binding up to and with step `last`. */
  async serve<T extends AnyBinding>(on: BindingObjects<T>, last: Step = "status"): Promise<void> {
    const steps = STEPS.slice(0, STEPS.indexOf(last) + 1);
    const token = steps.includes("secret") ? await this.#token(await this.#read(on)) : "";
    const now = this.#rig.clock.now();
    for (const step of steps) {
      const binding = await this.#read(on);
      if (step === "finalizer") await this.#finalize(on, binding);
      if (step === "secret") await this.#create(on, secretOf(on, binding, token, now));
      if (step === "reference") await this.#attach(on, binding);
      if (step === "status") await this.#tell(on, token, now);
    }
  }

  /** As `serve`, but as the seed did: its Secrets have neither label nor annotations. */
  async serveAsSeed<T extends AnyBinding>(
    on: BindingObjects<T>,
    { finalizer = true, password = undefined as string | undefined } = {},
  ): Promise<void> {
    const token = password ?? await this.#token(await this.#read(on));
    if (finalizer) await this.#finalize(on, await this.#read(on));
    const binding = await this.#read(on);
    const secret = secretOf(on, binding, token, 0);
    const { labels: _, annotations: __, ...metadata } = secret.metadata;
    await this.#create(on, { ...secret, metadata });
    await this.#attach(on, binding);
    if (password === undefined) await this.#tell(on, token, this.#rig.clock.now());
  }

  [Symbol.dispose](): void {
    this.#rest.close?.();
  }

  async #read<T extends AnyBinding>(on: BindingObjects<T>): Promise<Live> {
    return (await on.binding()) as unknown as Live;
  }

  #finalize<T extends AnyBinding>(on: BindingObjects<T>, binding: Live): Promise<JSONValue> {
    const metadata = { ...binding.metadata, finalizers: ["msi-acrpull.microsoft.com"] };
    return this.#send("PUT", bindingPath(on), { ...binding, metadata });
  }

  #create<T extends AnyBinding>(on: BindingObjects<T>, secret: object): Promise<JSONValue> {
    return this.#send("POST", `${corePath(on)}/secrets`, secret);
  }

  async #attach<T extends AnyBinding>(on: BindingObjects<T>, { spec }: Live): Promise<void> {
    const account = (await on.account(spec.serviceAccountName || "default"))!;
    const names = (account.imagePullSecrets ?? []).map(({ name }) => name!);
    const rank = (name: string) =>
      name.startsWith("acr-pull-") ? 1 : name.endsWith("-msi-acrpull-secret") ? 2 : 0;
    const sorted = [...names, on.place.secret].sort((a, b) =>
      rank(a) - rank(b) || (a < b ? -1 : 1)
    );
    const imagePullSecrets = sorted.map((name) => ({ name }));
    const path = `${corePath(on)}/serviceaccounts/${account.metadata.name}`;
    await this.#send("PUT", path, { ...account, imagePullSecrets });
  }

  async #tell<T extends AnyBinding>(
    on: BindingObjects<T>,
    token: string,
    now: number,
  ): Promise<void> {
    const binding = await this.#read(on);
    const status = {
      lastTokenRefreshTime: seconds(now),
      tokenExpirationTime: seconds(expiryOf(token)),
    };
    await this.#send("PUT", `${bindingPath(on)}/status`, { ...binding, status });
  }

  /** The credential for a binding. */
  async #token(binding: Live): Promise<string> {
    const { spec } = binding;
    const server = spec.acr?.server ?? spec.acrServer!;
    const scope = spec.acr?.scope ?? spec.scope ?? "";
    const refresh = await this.#form(`https://${server}/oauth2/exchange`, {
      grant_type: "access_token",
      service: server,
      access_token: await this.#identityToken(binding),
    }, "refresh_token");
    if (scope === "") return refresh;
    return await this.#form(`https://${server}/oauth2/token`, {
      grant_type: "refresh_token",
      service: server,
      scope,
      refresh_token: refresh,
    }, "access_token");
  }

  async #identityToken({ spec, metadata }: Live): Promise<string> {
    if (spec.auth?.workloadIdentity) return await this.#federatedToken(spec, metadata.namespace);
    const client = spec.auth?.managedIdentity?.clientID ?? spec.managedIdentityClientID;
    const resource = spec.auth?.managedIdentity?.resourceID ?? spec.managedIdentityResourceID;
    const url = new URL("http://169.254.169.254/metadata/identity/oauth2/token");
    url.searchParams.set("api-version", "2018-02-01");
    url.searchParams.set("resource", spec.auth ? ARM_V2 : ARM_V1);
    if (client) url.searchParams.set("client_id", client);
    else url.searchParams.set("msi_res_id", resource!.replace(/\/$/, ""));
    const response = await this.#rig.azure.fetch(url, { headers: { Metadata: "true" } });
    return (await response.json()).access_token;
  }

  async #federatedToken(spec: Live["spec"], namespace: unknown): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${spec.serviceAccountName}`;
    const request = await this.#send("POST", `${path}/token`, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: ["api://AzureCRTokenExchange"] },
    }) as { status: { token: string } };
    const account = await this.#send("GET", path) as {
      metadata: { annotations: Record<string, string> };
    };
    const { annotations } = account.metadata;
    const tenant = annotations["azure.workload.identity/tenant-id"]!;
    return await this.#form(`https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`, {
      grant_type: "client_credentials",
      client_id: annotations["azure.workload.identity/client-id"]!,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: request.status.token,
      scope: `${ARM_V2}/.default openid offline_access profile`,
    }, "access_token");
  }

  async #form(url: string, fields: Record<string, string>, token: string): Promise<string> {
    const body = new URLSearchParams(fields);
    const response = await this.#rig.azure.fetch(url, { method: "POST", body });
    return (await response.json())[token];
  }

  #send(method: "GET" | "POST" | "PUT", path: string, body?: object): Promise<JSONValue> {
    return this.#rest.performRequest({
      method,
      path,
      expectJson: true,
      querystring: new URLSearchParams(method === "GET" ? {} : { fieldManager: "manager" }),
      ...(body === undefined ? {} : { bodyJson: body as JSONValue }),
    });
  }
}

function corePath<T extends AnyBinding>({ rig }: BindingObjects<T>): string {
  return `/api/v1/namespaces/${rig.admin.namespace}`;
}

function bindingPath<T extends AnyBinding>({ rig, place }: BindingObjects<T>): string {
  const { apiVersion, name } = place;
  return `/apis/${apiVersion}/namespaces/${rig.admin.namespace}/acrpullbindings/${name}`;
}

function secretOf<T extends AnyBinding>(
  { place, rig }: BindingObjects<T>,
  binding: Live,
  token: string,
  now: number,
) {
  const server = binding.spec.acr?.server ?? binding.spec.acrServer!;
  const entry = {
    username: USER,
    password: token,
    email: "msi-acrpull@azurecr.io",
    auth: btoa(`${USER}:${token}`),
  };
  const { apiVersion } = place;
  const { name, uid } = binding.metadata;
  const owner = { apiVersion, kind: "AcrPullBinding", name, uid };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: place.secret,
      namespace: rig.admin.namespace,
      labels: { "acr.microsoft.com/binding": name },
      annotations: {
        "acr.microsoft.com/token.expiry": seconds(expiryOf(token)),
        "acr.microsoft.com/token.refresh": seconds(now),
        "acr.microsoft.com/token.inputs": referenceInputs(binding),
      },
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
    },
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": btoa(JSON.stringify({ auths: { [server]: entry } })) },
  };
}

function expiryOf(token: string): number {
  return Number(decodeJwt(token)?.exp ?? 0) * 1000;
}

function seconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+/, "");
}
