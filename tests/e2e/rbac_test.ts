import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import type { ControlPlane } from "./servers/control_plane.ts";
import { e2e } from "./servers/gate.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";
import { allow, installCrds, installRbac, OPERATOR } from "./servers/manifests.ts";

const MANIFESTS = fileURLToPath(new URL("../../deploy/latest/deploy.yaml", import.meta.url));

interface Rule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

interface Question {
  verb: string;
  /** As kubectl takes it: `resource.group`, or `resource.group/name`. */
  resource: string;
  subresource?: string;
  namespace: string;
}

/** What a manager of pull secrets must not be able to do. */
const FORBIDDEN: Question[] = [
  { verb: "create", resource: "acrpullbindings.msi-acrpull.microsoft.com", namespace: "default" },
  { verb: "delete", resource: "acrpullbindings.acrpull.microsoft.com", namespace: "default" },
  { verb: "update", resource: "acrpullbindings.acrpull.microsoft.com", namespace: "default" },
  { verb: "update", resource: "secrets", namespace: "default" },
  { verb: "deletecollection", resource: "secrets", namespace: "default" },
  { verb: "update", resource: "serviceaccounts", namespace: "default" },
  { verb: "create", resource: "serviceaccounts", namespace: "default" },
  { verb: "delete", resource: "serviceaccounts", namespace: "default" },
  { verb: "impersonate", resource: "serviceaccounts", namespace: "default" },
  { verb: "list", resource: "events", namespace: "default" },
  { verb: "get", resource: "pods", namespace: "default" },
  { verb: "get", resource: "configmaps", namespace: OPERATOR.namespace },
  { verb: "list", resource: "namespaces", namespace: "" },
  { verb: "list", resource: "customresourcedefinitions.apiextensions.k8s.io", namespace: "" },
  { verb: "bind", resource: "clusterroles.rbac.authorization.k8s.io", namespace: "" },
  { verb: "create", resource: "leases.coordination.k8s.io", namespace: "default" },
  {
    verb: "get",
    resource: "leases.coordination.k8s.io/aks.azure.com",
    namespace: "kube-system",
  },
  {
    verb: "update",
    resource: "leases.coordination.k8s.io/another",
    namespace: OPERATOR.namespace,
  },
  {
    verb: "delete",
    resource: "leases.coordination.k8s.io/aks.azure.com",
    namespace: OPERATOR.namespace,
  },
];

async function install(plane: ControlPlane): Promise<void> {
  await installCrds(plane);
  await installRbac(plane);
}

function questionsOf(rule: Rule, namespace: string): Question[] {
  const names = rule.resourceNames ?? [""];
  return rule.apiGroups.flatMap((group) =>
    rule.resources.flatMap((path) =>
      rule.verbs.flatMap((verb) =>
        names.map((name) => {
          const [plural, subresource] = path.split("/");
          const resource = [plural, group].filter(Boolean).join(".") + (name && `/${name}`);
          return { verb, resource, namespace, ...(subresource && { subresource }) };
        })
      )
    )
  );
}

/** One question for each thing that a rule of deploy/latest grants. */
async function grants(): Promise<Question[]> {
  return parseAllDocuments(await Deno.readTextFile(MANIFESTS)).flatMap((document) => {
    const object = document.toJS() as { metadata: { namespace?: string }; rules?: Rule[] };
    const namespace = object.metadata.namespace ?? "default";
    return (object.rules ?? []).flatMap((rule) => questionsOf(rule, namespace));
  });
}

async function operatorMay(plane: ControlPlane, question: Question): Promise<string> {
  const { verb, resource, subresource, namespace } = question;
  const result = await kubectl(plane, [
    ...["auth", "can-i", verb, resource],
    ...(subresource ? ["--subresource", subresource] : []),
    ...(namespace ? ["--namespace", namespace] : []),
  ], { user: OPERATOR.user });
  return result.stdout.trim() || result.stderr;
}

/** Both answers next to the question, so that a failure names every rule at fault. */
async function answers(plane: ControlPlane, questions: Question[]): Promise<unknown[]> {
  const answered = [];
  for (const question of questions) {
    answered.push({ ...question, answer: await operatorMay(plane, question) });
  }
  return answered;
}

e2e("every rule of deploy/latest grants what it names to the operator's account", async (plane) => {
  await install(plane);
  const questions = await grants();
  assert.ok(questions.length > 25, `only ${questions.length} grants were found`);
  assert.deepEqual(
    await answers(plane, questions),
    questions.map((question) => ({ ...question, answer: "yes" })),
  );
});

e2e("the operator's account may do nothing else that would matter", async (plane) => {
  await install(plane);
  assert.deepEqual(
    await answers(plane, FORBIDDEN),
    FORBIDDEN.map((question) => ({ ...question, answer: "no" })),
  );
});

e2e("the operator's account may name a binding as an owner that blocks deletion", async (plane) => {
  await install(plane);
  const namespace = await plane.createNamespace();
  const binding = JSON.parse(
    await kubectlOk(plane, ["create", "-n", namespace, "-o=json", "-f", "-"], {
      stdin: JSON.stringify({
        apiVersion: "msi-acrpull.microsoft.com/v1beta1",
        kind: "AcrPullBinding",
        metadata: { name: "pull" },
        spec: { acrServer: "registry.azurecr.io" },
      }),
    }),
  );
  const secret = JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": btoa('{"auths":{}}') },
    metadata: {
      name: "pull-msi-acrpull-secret",
      labels: { "acr.microsoft.com/binding": "pull" },
      ownerReferences: [{
        apiVersion: binding.apiVersion,
        kind: binding.kind,
        name: binding.metadata.name,
        uid: binding.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      }],
    },
  });
  const create = (user: string) =>
    kubectl(plane, ["create", "-n", namespace, "-f", "-"], { stdin: secret, user });

  await allow(plane, "jane", "create", "secrets", namespace);
  const refused = await create("jane");
  assert.match(refused.stderr, /cannot set blockOwnerDeletion/);
  const created = await create(OPERATOR.user);
  assert.deepEqual(created, {
    code: 0,
    stdout: "secret/pull-msi-acrpull-secret created\n",
    stderr: "",
  });
});
