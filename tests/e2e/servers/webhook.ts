import jsonPatch from "fast-json-patch";
import type { ApiServer } from "../../sandbox/api_server.ts";
import type { Admission, AdmissionReview } from "../../sandbox/kubernetes/admission.ts";
import { ApiError } from "../../sandbox/kubernetes/model/errors.ts";
import type { KubeObject } from "../../sandbox/kubernetes/model/object.ts";
import { type AdmissionHook, WEBHOOK } from "../../suites/admission_hook.ts";
import { eventually } from "../../suites/eventually.ts";
import { CertificateAuthority } from "./certificates.ts";
import { ControlPlane } from "./control_plane.ts";

const CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1";
const HOST = "127.0.0.1";

/** What a webhook is asked (AdmissionRequest of admission.k8s.io/v1), as far as it is of use. */
interface Request {
  readonly uid: string;
  readonly operation: AdmissionReview["operation"];
  readonly resource: { readonly resource: string };
  readonly subResource?: string;
  readonly dryRun?: boolean;
  readonly options?: { readonly fieldManager?: string } | null;
  readonly object?: KubeObject | null;
  readonly oldObject?: KubeObject | null;
}

/** A mutating and a validating webhook of one namespace, answered in this process. */
class Webhook implements AdmissionHook {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #removed: () => Promise<void>;
  #admission: Admission = {};
  #asked = 0;

  constructor(tls: { cert: string; key: string }, remove: () => Promise<void>) {
    const options = { ...tls, hostname: HOST, port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
    this.#removed = remove;
  }

  get url(): string {
    return `https://${HOST}:${this.#server.addr.port}`;
  }

  /** How often it was asked. */
  get asked(): number {
    return this.#asked;
  }

  admit(admission: Admission): void {
    this.#admission = admission;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#removed();
    await this.#server.shutdown();
  }

  async #answer(request: globalThis.Request): Promise<Response> {
    this.#asked++;
    const { apiVersion, kind, request: asked } = await request.json() as {
      apiVersion: string;
      kind: string;
      request: Request;
    };
    const isMutating = new URL(request.url).pathname === "/mutate";
    const verdict = isMutating ? this.#mutate(asked) : this.#validate(asked);
    return Response.json({ apiVersion, kind, response: { uid: asked.uid, ...verdict } });
  }

  #mutate(request: Request): object {
    const before = request.object;
    if (!before) return { allowed: true };
    const object = structuredClone(before);
    return decided(() => {
      this.#admission.mutate?.({ ...reviewOf(request), object });
      const patch = jsonPatch.compare(before, object);
      if (patch.length === 0) return {};
      return { patchType: "JSONPatch", patch: btoa(JSON.stringify(patch)) };
    });
  }

  #validate(request: Request): object {
    return decided(() => {
      this.#admission.validate?.(reviewOf(request));
      return {};
    });
  }
}

function decided(decide: () => object): object {
  try {
    return { allowed: true, ...decide() };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { allowed: false, status: error.status };
  }
}

function reviewOf(request: Request): AdmissionReview {
  const { operation, resource, subResource = "", dryRun = false, options } = request;
  return {
    operation,
    resource: resource.resource,
    subresource: subResource,
    manager: options?.fieldManager ?? "",
    dryRun,
    ...(request.object ? { object: request.object } : {}),
    ...(request.oldObject ? { oldObject: request.oldObject } : {}),
  };
}

/** Registers the webhooks of a namespace, and waits until they are asked. */
export async function hookIntoPlane(api: ApiServer, namespace: string): Promise<AdmissionHook> {
  if (!(api instanceof ControlPlane)) throw new TypeError(`${api.name} has no webhooks`);
  const authority = await CertificateAuthority.create("webhook");
  const { publicPem: cert, privatePem: key } = await authority.issueServer({
    dns: ["localhost"],
    ip: [HOST],
  });
  const paths = ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"]
    .map((plural) => `${CONFIGURATIONS}/${plural}`);
  const webhook = new Webhook({ cert, key }, async () => {
    for (const path of paths) {
      const response = await api.adminFetch(`${path}/${namespace}`, { method: "DELETE" });
      await response.body?.cancel();
    }
  });
  for (const [index, kind] of ["Mutating", "Validating"].entries()) {
    const body = configuration(kind, namespace, webhook.url, authority.pem);
    await send(api, "POST", paths[index]!, body);
  }
  await eventually("the webhooks are asked", async () => {
    const before = webhook.asked;
    const probe = { metadata: { generateName: "probe-" } };
    await send(api, "POST", `/api/v1/namespaces/${namespace}/secrets?dryRun=All`, probe);
    return webhook.asked === before + 2 || undefined;
  });
  return webhook;
}

function configuration(kind: string, namespace: string, url: string, caPem: string): object {
  const path = kind === "Mutating" ? "mutate" : "validate";
  const operations = kind === "Mutating" ? ["CREATE", "UPDATE"] : ["CREATE", "UPDATE", "DELETE"];
  const groups = ["msi-acrpull.microsoft.com", "acrpull.microsoft.com"];
  const rule = { apiVersions: ["*"], operations, scope: "Namespaced" };
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: `${kind}WebhookConfiguration`,
    metadata: { name: namespace },
    webhooks: [{
      name: WEBHOOK,
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      failurePolicy: "Fail",
      clientConfig: { url: `${url}/${path}`, caBundle: btoa(caPem) },
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
      rules: [
        { ...rule, apiGroups: [""], resources: ["secrets", "serviceaccounts"] },
        { ...rule, apiGroups: groups, resources: ["acrpullbindings", "acrpullbindings/status"] },
      ],
    }],
  };
}

async function send(
  plane: ControlPlane,
  method: string,
  path: string,
  body: object,
): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await plane.adminFetch(path, { method, headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
}
