import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { rbacTemplate, serviceAccountTemplate } from "../../../../deploy/chart/roles.ts";
import { serviceAccount } from "../../../../deploy/manifests/namespace.ts";
import { re2, within } from "../../../../deploy/chart/re2.ts";
import { DNS_SUBDOMAIN, LABEL_NAME } from "../../../../src/kubernetes/resources/names.ts";
import { rbac } from "../../../../deploy/manifests/rbac.ts";
import { DEFAULTS, type Settings } from "../../../../deploy/manifests/settings.ts";
import { MARK } from "../../../../deploy/yaml.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const CHART = `${ROOT}deploy/helm`;
const TEMPLATED = { ...DEFAULTS, namespace: "{{ .Release.Namespace }}" };

/** Conditions of a template, by their text. */
type Conditions = Readonly<Record<string, boolean>>;

/** What Helm makes of a template of lines that stand under conditions. Fails on all else. */
function rendered(template: string, conditions: Conditions): unknown[] {
  const open: boolean[] = [];
  const lines = template.split("\n").filter((line) => {
    const [, word, condition = ""] = /^\s*\{\{- (if|with|else|end)(?: (.*))? \}\}$/.exec(line) ??
      [];
    if (word === undefined) return open.every(Boolean);
    if (word === "end") open.pop();
    else if (word === "else") open.push(!open.pop());
    else {
      assert.ok(condition in conditions, `${condition} is not known`);
      open.push(conditions[condition]!);
    }
    return false;
  });
  assert.deepEqual(open, []);
  const text = lines.join("\n").replaceAll("{{ .Release.Namespace }}", DEFAULTS.namespace);
  assert.ok(!text.includes("{{"), text);
  return parseAllDocuments(text).map((document) => document.toJS());
}

const EITHER = [true, false];

for (const workloadIdentity of EITHER) {
  for (const metricsSecure of EITHER) {
    for (const secretAccess of ["watch", "get"] as const) {
      const settings: Settings = { ...DEFAULTS, workloadIdentity, metricsSecure, secretAccess };
      const name = JSON.stringify({ workloadIdentity, metricsSecure, secretAccess });
      Deno.test(`the chart's roles are those of the manifests, with ${name}`, () => {
        const found = rendered(rbacTemplate(TEMPLATED), {
          ".Values.workloadIdentity.enabled": workloadIdentity,
          ".Values.metrics.secure": metricsSecure,
          'eq .Values.secretAccess "watch"': secretAccess === "watch",
        });
        assert.deepEqual(found, rbac(settings));
      });
    }
  }
}

Deno.test("the chart's ServiceAccount is that of the manifests, unless it is annotated", () => {
  const found = rendered(serviceAccountTemplate(TEMPLATED), {
    ".Values.serviceAccount.annotations": false,
  });
  assert.deepEqual(found, [serviceAccount(DEFAULTS)]);
});

/** What the schema of the values and the code say alike. */
const ALIKE: readonly [where: string, what: string, pattern: string][] = [
  ["name", "of objects", re2(DNS_SUBDOMAIN)],
  ["nameOrNone", "of objects, or none", `^(${within(DNS_SUBDOMAIN)})?$`],
];

for (const [where, what, pattern] of ALIKE) {
  Deno.test(`the schema of the chart's values has the code's pattern of names ${what}`, async () => {
    const schema = JSON.parse(await Deno.readTextFile(`${CHART}/values.schema.json`));
    assert.equal(schema.definitions[where].pattern, pattern);
  });
}

Deno.test("the schema of the chart's values has the code's pattern of a label's value", async () => {
  const schema = JSON.parse(await Deno.readTextFile(`${CHART}/values.schema.json`));
  assert.equal(
    schema.definitions.labels.additionalProperties.pattern,
    `^(${within(LABEL_NAME)})?$`,
  );
});

/** Files of the chart whose form has room for a remark in their first lines. */
const REMARKED = /\.(yaml|tpl|txt)$/;

/** What stays by hand beside the chart. */
const BY_HAND = [
  "deploy/kustomization.yaml",
  "deploy/policies/tenants/kustomization.yaml",
  "deploy/policies/tenants/tenants.example.yaml",
];

Deno.test("what stays by hand in the chart, and beside it, says which test holds it equal to what", async () => {
  const paths = [`${CHART}/values.yaml`, `${CHART}/values.schema.json`];
  paths.push(...BY_HAND.map((path) => ROOT + path));
  for (const folder of ["templates", "files"]) {
    for await (const { name, isFile } of Deno.readDir(`${CHART}/${folder}`)) {
      if (isFile && REMARKED.test(name)) paths.push(`${CHART}/${folder}/${name}`);
    }
  }
  for (const path of paths) {
    const text = await Deno.readTextFile(path);
    if (text.startsWith(MARK)) continue;
    const [first = "", second = ""] = text.split("\n");
    const remark = path.endsWith(".json") ? second : first;
    assert.match(remark, /Written by hand: /, path);
    const named = remark.match(/(?:tests|deploy)\/[\w./]+\w/g) ?? [];
    assert.ok(named.some((each) => each.endsWith("_test.ts")), `${path} names no test`);
    for (const each of named) await Deno.stat(ROOT + each);
  }
});
