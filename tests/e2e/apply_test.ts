import assert from "node:assert/strict";
import { everything, installation } from "../../deploy/manifests/installation.ts";
import { describe, type Manifest, NAMES } from "../../deploy/manifests/manifest.ts";
import { DEFAULTS } from "../../deploy/manifests/settings.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { deployTask, deployTo, type TaskResult } from "./servers/deploy_task.ts";
import { FIRST_RELEASE } from "./servers/first_release.ts";
import { e2e } from "./servers/gate.ts";
import { guideBlock, runGuide, runShell } from "./servers/guide.ts";
import { DEPLOYMENT, LATEST, latest, NAMESPACE, uninstall } from "./servers/installation.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";

const CRDS = [
  "acrpullbindings.acrpull.microsoft.com",
  "acrpullbindings.msi-acrpull.microsoft.com",
];
const THE_DEPLOYMENT = `${NAMESPACE} Deployment/msi-acrpull-controller-manager`;
const NETWORK_POLICY = `${NAMESPACE} NetworkPolicy/msi-acrpull-controller-manager`;

/** The lines that tell of an object other than that nothing has changed. */
function changes({ stdout }: TaskResult): string[] {
  return stdout.trim().split("\n").slice(0, -1).filter((line) => !line.startsWith("unchanged"));
}

function sum({ stdout }: TaskResult): string {
  return stdout.trim().split("\n").at(-1)!;
}

/** The lines of a difference that are marked. */
function marked({ stdout }: TaskResult): string[] {
  return stdout.split("\n").filter((line) => /^[-+] /.test(line));
}

async function applied(plane: ControlPlane, ...options: string[]): Promise<TaskResult> {
  const result = await deployTo(plane, ["--apply", ...options]);
  assert.equal(result.code, 0, result.stderr);
  return result;
}

/** The names of what is among `all` and not among `others`. */
function difference(all: readonly Manifest[], others: readonly Manifest[]): string[] {
  const known = new Set(others.map(describe));
  return all.map(describe).filter((name) => !known.has(name));
}

/** Everything of ours, with its version, to tell whether anything was written. */
async function versions(plane: ControlPlane): Promise<string> {
  const kinds = "namespace,serviceaccount,deployment,networkpolicy,role,rolebinding,clusterrole," +
    "clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding,crd";
  const columns = "custom-columns=K:.kind,N:.metadata.name,V:.metadata.resourceVersion";
  return await kubectlOk(plane, ["get", "--all-namespaces", `-o=${columns}`, kinds]);
}

e2e("--apply says of each object what became of it, and --diff what would", async (plane) => {
  const all = await latest();
  const created = await deployTo(plane, ["--apply"]);
  assert.equal(created.code, 0, created.stderr);
  const lines = created.stdout.trim().split("\n");
  assert.equal(lines.at(-1), `${all.length} created, 0 changed, 0 unchanged`);
  assert.deepEqual(
    new Set(lines.slice(0, -1).map((line) => line.split(" ")[0])),
    new Set(["created"]),
  );

  const same = await deployTo(plane, ["--apply"]);
  assert.match(same.stdout, new RegExp(`^0 created, 0 changed, ${all.length} unchanged$`, "m"));
  assert.deepEqual(await deployTo(plane, ["--diff"]), { code: 0, stdout: "", stderr: "" });

  const { code, stdout } = await deployTo(plane, ["--diff", "--replicas=3"]);
  assert.equal(code, 1);
  assert.match(stdout, /^msi-acrpull-system Deployment\/msi-acrpull-controller-manager$/m);
  assert.deepEqual(stdout.split("\n").filter((line) => /^[-+] /.test(line)), [
    "-   replicas: 2",
    "+   replicas: 3",
  ]);

  const changed = await deployTo(plane, ["--apply", "--replicas=3"]);
  assert.match(
    changed.stdout,
    /^changed +msi-acrpull-system Deployment\/msi-acrpull-controller-manager$/m,
  );
  assert.match(
    changed.stdout,
    new RegExp(`^0 created, 1 changed, ${all.length - 1} unchanged$`, "m"),
  );
  await uninstall(plane);
});

e2e("--diff on an empty cluster shows all and writes nothing", async (plane) => {
  const { code, stdout } = await deployTo(plane, ["--diff", "--namespace=nowhere"]);
  assert.equal(code, 1);
  assert.match(stdout, /^nowhere Deployment\/msi-acrpull-controller-manager$/m);
  const { stderr } = await kubectl(plane, ["get", "namespace", "nowhere"]);
  assert.match(stderr, /NotFound/);
});

e2e("--apply goes on from what kubectl applied, which it calls unchanged", async (plane) => {
  await kubectlOk(plane, ["apply", ...LATEST]);
  const result = await applied(plane, "--tenant-policy");
  const more = difference(installation({ ...DEFAULTS, tenantPolicy: true }), await latest());
  assert.ok(more.includes("ValidatingAdmissionPolicy/msi-acrpull-tenants"));
  assert.deepEqual(changes(result), more.map((name) => `created   ${name}`));
  assert.equal(
    sum(result),
    `${more.length} created, 0 changed, ${(await latest()).length} unchanged`,
  );
  const same = { code: 0, stdout: "", stderr: "" };
  assert.deepEqual(await deployTo(plane, ["--diff", "--tenant-policy"]), same);
  await uninstall(plane);
});

e2e("a namespace of somebody else's is neither labelled nor deleted", async (plane) => {
  const theirs = await plane.createNamespace();
  await kubectlOk(plane, ["create", "-n", theirs, "configmap", "precious"]);
  const object = () => kubectlOk(plane, ["get", "namespace", theirs, "-o=yaml"]);
  const [untouched, before] = [await object(), await versions(plane)];
  const refusal = `Namespace/${theirs} is there already and no part of an installation: to ` +
    "uninstall would delete it with everything in it. Give --create-namespace=false to leave it " +
    "as it is, or another --namespace.\n";
  const applying = await deployTo(plane, ["--apply", "--force-conflicts", "-n", theirs]);
  const nothing = { code: 1, stdout: "", stderr: `${refusal}Nothing was written.\n` };
  assert.deepEqual(applying, nothing);
  const { code, stderr, stdout } = await deployTo(plane, ["--diff", "-n", theirs]);
  assert.deepEqual([code, stderr], [2, refusal]);
  assert.doesNotMatch(stdout, /^Namespace\//m);
  assert.equal(await versions(plane), before);

  const options = ["-n", theirs, "--create-namespace=false"];
  const notice = `Namespace ${theirs} is left alone: its labels for Pod Security are its ` +
    "administrator's to set, such as pod-security.kubernetes.io/enforce=restricted.\n";
  assert.equal((await applied(plane, ...options)).stderr, notice);
  const same = await deployTo(plane, ["--diff", ...options]);
  assert.deepEqual(same, { code: 0, stdout: "", stderr: notice });

  const { stdout: rendered } = await deployTask([...options, "-o", "-"]);
  await kubectlOk(plane, ["delete", "--wait=false", "-f", "-"], { stdin: rendered });
  assert.equal(await object(), untouched);
  await kubectlOk(plane, ["get", "-n", theirs, "configmap", "precious"]);
});

e2e(
  "a namespace that is not to be made has to be there before anything is written",
  async (plane) => {
    const before = await versions(plane);
    const missing = await deployTo(plane, ["--apply", "-n", "nowhere", "--create-namespace=false"]);
    assert.equal(missing.code, 1);
    assert.deepEqual(missing.stderr.trim().split("\n").slice(1), [
      "Namespace/nowhere is not there: create it, or leave out --create-namespace=false.",
      "Nothing was written.",
    ]);
    assert.equal(await versions(plane), before);
  },
);

e2e(
  "without the labels that the guide takes off, a namespace is nobody's of ours",
  async (plane) => {
    await applied(plane);
    await applied(plane, "--create-namespace=false");
    await applied(plane);
    await runGuide(plane, "left-namespace");
    const labels = ["get", "namespace", NAMESPACE, "-o=jsonpath={.metadata.labels}"];
    const rest = JSON.parse(await kubectlOk(plane, labels));
    assert.deepEqual(rest, { "kubernetes.io/metadata.name": NAMESPACE });
    const { code, stderr } = await deployTo(plane, ["--apply"]);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^Namespace\/msi-acrpull-system is there already .*\nNothing was written\.\n$/,
    );
    await uninstall(plane);
  },
);

e2e("the guide's --diff exits with 1 before its --apply, and with 0 after", async (plane) => {
  const [diff, apply] = guideBlock("apply-without-kubectl").trim().split("\n");
  const before = await runShell(plane, diff!);
  assert.equal(before.code, 1, before.stderr);
  assert.match(before.stdout, /^\+ +- name: ACR_SERVER$/m);
  const { code, stderr } = await runShell(plane, apply!);
  assert.equal(code, 0, stderr);
  const after = await runShell(plane, diff!);
  assert.deepEqual([after.code, after.stdout], [0, ""], after.stderr);
  await uninstall(plane);
});

e2e("fields that others have set are named, and nothing is written", async (plane) => {
  await applied(plane);
  await kubectlOk(plane, ["scale", "-n", NAMESPACE, DEPLOYMENT, "--replicas=5"]);
  await kubectlOk(plane, ["set", "image", "-n", NAMESPACE, DEPLOYMENT, "manager=x.example/a:1"]);
  await kubectlOk(plane, ["delete", "-n", NAMESPACE, "networkpolicy", "--all"]);
  const before = await versions(plane);
  const problems = [
    `${THE_DEPLOYMENT}: .spec.replicas is set by field manager "kubectl"; ` +
    "give --force-conflicts to take it over.",
    `${THE_DEPLOYMENT}: .spec.template.spec.containers[name="manager"].image is set by field ` +
    'manager "kubectl-set"; give --force-conflicts to take it over.',
  ];
  const told = ({ stderr }: TaskResult) => stderr.trim().split("\n");

  const refused = await deployTo(plane, ["--apply"]);
  assert.equal(refused.code, 1);
  assert.equal(refused.stdout, "");
  assert.deepEqual(told(refused).slice(0, -1).sort(), problems);
  assert.equal(told(refused).at(-1), "Nothing was written.");

  const compared = await deployTo(plane, ["--diff"]);
  assert.equal(compared.code, 2);
  assert.deepEqual(told(compared).sort(), problems);
  assert.match(compared.stdout, new RegExp(`^${NETWORK_POLICY}$`, "m"));
  assert.equal(await versions(plane), before);

  const forced = await applied(plane, "--force-conflicts");
  assert.deepEqual(changes(forced), [`created   ${NETWORK_POLICY}`, `changed   ${THE_DEPLOYMENT}`]);
  assert.equal((await deployTo(plane, ["--diff"])).code, 0);
  await uninstall(plane);
});

e2e("what the API server refuses for good is told, and nothing is written", async (plane) => {
  await applied(plane);
  await kubectlOk(plane, ["delete", "clusterrolebinding", "msi-acrpull-manager-rolebinding"]);
  await kubectlOk(plane, [
    "create",
    "clusterrolebinding",
    "msi-acrpull-manager-rolebinding",
    "--clusterrole=view",
  ]);
  const before = await versions(plane);
  const refused = await deployTo(plane, ["--apply", "--force-conflicts", "--replicas=3"]);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /^ClusterRoleBinding\/msi-acrpull-manager-rolebinding: .*cannot change roleRef\nNothing was/,
  );
  assert.equal((await deployTo(plane, ["--diff", "--force-conflicts"])).code, 2);
  assert.equal(await versions(plane), before);
  await uninstall(plane);
});

e2e("what kubectl applied and the options leave out goes only by force", async (plane) => {
  const options = ["--acr-server=a.azurecr.io", "--extra-arg=--log-level=debug", "-o", "-"];
  const { stdout: rendered } = await deployTask(options);
  // A label of one's own on the namespace is nobody else's to take away.
  const stdin = rendered.replace("    pod-security.kubernetes.io/enforce", "    team: a\n$&");
  await kubectlOk(plane, ["apply", "-f", "-"], { stdin });
  const problems = [
    `${THE_DEPLOYMENT}: .spec.template.spec.containers[name="manager"].args is set by field ` +
    'manager "kubectl-client-side-apply"; give --force-conflicts to take it over.',
    `${THE_DEPLOYMENT}: .spec.template.spec.containers[name="manager"].env is set by ` +
    "`kubectl apply` and left out here; give --force-conflicts to remove it.",
  ];
  const refused = await deployTo(plane, ["--diff"]);
  assert.deepEqual(refused.stderr.trim().split("\n").sort(), problems);
  assert.equal(refused.code, 2);

  const compared = await deployTo(plane, ["--diff", "--force-conflicts"]);
  const expected = [
    "-             - --log-level=debug",
    "-           env:",
    "-             - name: ACR_SERVER",
    "-               value: a.azurecr.io",
  ];
  assert.deepEqual(marked(compared), expected);
  await applied(plane, "--force-conflicts");
  const env = "-o=jsonpath={.spec.template.spec.containers[0].env}";
  assert.equal(await kubectlOk(plane, ["get", "-n", NAMESPACE, DEPLOYMENT, env]), "");
  const label = "-o=jsonpath={.metadata.labels.team}";
  assert.equal(await kubectlOk(plane, ["get", "namespace", NAMESPACE, label]), "a");
  assert.deepEqual(await deployTo(plane, ["--diff"]), { code: 0, stdout: "", stderr: "" });
  await uninstall(plane);
});

e2e("by force --apply takes over an installation of the first release", async (plane) => {
  await kubectlOk(plane, ["apply", "-f", "-"], { stdin: FIRST_RELEASE });
  await applied(plane, "--force-conflicts");
  const names = "-o=jsonpath={.spec.template.spec.containers[*].name}";
  assert.equal(await kubectlOk(plane, ["get", "-n", NAMESPACE, DEPLOYMENT, names]), "manager");
  await kubectlOk(plane, ["delete", "--ignore-not-found", "-f", "-", "--wait=false"], {
    stdin: FIRST_RELEASE,
  });
  await uninstall(plane);
});

e2e("what was opted out is left over until --prune, by whatever way it came", async (plane) => {
  await kubectlOk(plane, ["apply", ...LATEST]);
  await applied(plane, "--tenant-policy", "--metrics-secure", "--force-conflicts");
  const options = [
    "--policies=false",
    "--accept-unguarded-tokens",
    "--network-policy=false",
  ];
  const wanted = installation({ ...DEFAULTS, policies: false, networkPolicy: false });
  const left = difference(
    everything().filter(({ kind, metadata }) =>
      kind !== "ConfigMap" && metadata.name !== NAMES.keepAlive
    ),
    wanted,
  ).sort();
  assert.ok(
    left.includes(NETWORK_POLICY) && left.includes("ClusterRole/msi-acrpull-metrics-reader"),
  );
  const kept = await applied(plane, ...options);
  const isLeft = (line: string) => line.startsWith("leftover");
  assert.deepEqual(changes(kept).filter(isLeft).sort(), left.map((name) => `leftover  ${name}`));
  const found = `, ${left.length} left over from before: --prune deletes them`;
  assert.ok(sum(kept).endsWith(found), sum(kept));

  const compared = await deployTo(plane, ["--diff", ...options]);
  assert.equal(compared.code, 1, compared.stderr);
  const remedy = "  is left over from what was applied before: --prune deletes it";
  assert.deepEqual(
    compared.stdout.trim().split("\n\n").sort(),
    left.map((name) => `${name}\n${remedy}`),
  );
  const shown = await deployTo(plane, ["--diff", "--prune", ...options]);
  assert.equal(shown.code, 1);
  assert.ok(marked(shown).includes("-   name: msi-acrpull-tenants"));
  assert.ok(marked(shown).every((line) => line.startsWith("- ")));

  const pruned = await applied(plane, "--prune", ...options);
  assert.deepEqual(changes(pruned).sort(), left.map((name) => `deleted   ${name}`));
  const rest = wanted.length + CRDS.length;
  assert.equal(sum(pruned), `0 created, 0 changed, ${rest} unchanged, ${left.length} deleted`);
  assert.deepEqual(await deployTo(plane, ["--diff", ...options]), {
    code: 0,
    stdout: "",
    stderr: "",
  });
  await uninstall(plane);
});

/** Objects with our label that are not ours to delete. */
const OTHERS = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "labelled" } },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "of-ones-own", namespace: "labelled" },
    spec: { podSelector: {} },
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: {
      name: "msi-acrpull-metrics-reader",
      annotations: { "meta.helm.sh/release-name": "a" },
    },
  },
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "msi-acrpull-tenants", namespace: "labelled" },
  },
].map((object) => {
  const labels = { "app.kubernetes.io/name": "msi-acrpull" };
  return JSON.stringify({ ...object, metadata: { ...object.metadata, labels } });
});

e2e("--prune spares CRDs, namespaces, and what others have labelled alike", async (plane) => {
  for (const stdin of OTHERS) await kubectlOk(plane, ["apply", "-f", "-"], { stdin });
  await applied(plane);
  const moved = await applied(plane, "--prune", "--namespace=elsewhere");
  assert.deepEqual(
    changes(moved).filter((line) => line.startsWith("deleted")),
    ["Deployment", "NetworkPolicy", "RoleBinding", "Role", "ServiceAccount"].map((kind) => {
      const name = kind.startsWith("Role")
        ? `msi-acrpull-leader-election-${kind.toLowerCase()}`
        : "msi-acrpull-controller-manager";
      return `deleted   ${NAMESPACE} ${kind}/${name}`;
    }),
  );
  const found = await kubectlOk(plane, ["get", "-f", "-", "-o=name"], {
    stdin: OTHERS.join("\n---\n"),
  });
  assert.equal(found.trim().split("\n").length, OTHERS.length);
  const kept = await kubectlOk(plane, ["get", "-o=name", "crd", ...CRDS]);
  assert.equal(kept.trim().split("\n").length, CRDS.length);
  await kubectlOk(plane, ["get", "namespace", NAMESPACE]);
  await kubectlOk(plane, ["delete", "-f", "-", "--wait=false"], { stdin: OTHERS.join("\n---\n") });
  await uninstall(plane);
});

e2e("--diff exits with 2 where the cluster cannot be asked, --apply with 1", async (plane) => {
  const { path } = await plane.kubeconfigFor("nobody");
  for (const [task, expected] of [["--diff", 2], ["--apply", 1]] as const) {
    const { code, stderr } = await deployTo(plane, [task, `--kubeconfig=${path}`]);
    assert.equal(code, expected);
    assert.match(stderr, /403 Forbidden: .* cannot /);
  }
});
