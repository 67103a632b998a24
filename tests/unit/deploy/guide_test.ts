import assert from "node:assert/strict";
import { parse, parseAllDocuments } from "yaml";
import { DEFAULTS } from "../../../deploy/manifests/settings.ts";
import { parseDeploy } from "../../../deploy/options/options.ts";
import { v1beta1SecretName } from "../../../src/controller/binding/v1beta1.ts";
import { v1beta2SecretName } from "../../../src/controller/binding/v1beta2.ts";
import { guideBlock } from "../../e2e/servers/guide.ts";

const GUIDE = await Deno.readTextFile(new URL("../../../deploy/api.md", import.meta.url));
const README = await Deno.readTextFile(new URL("../../../README.md", import.meta.url));

Deno.test("guide: the task's command for OpenShift leaves the user to it, and changes nothing else", () => {
  const [deno, task, name, ...args] = (guideBlock("openshift-task")).trim().split(" ");
  assert.deepEqual([deno, task, name], ["deno", "task", "deploy"]);
  const parsed = parseDeploy(args);
  assert.ok(parsed.kind === "run");
  assert.deepEqual(parsed.settings, { ...DEFAULTS, fixedUser: false });
});

Deno.test("guide: the account named beforehand names the Secret of README's binding", () => {
  const [, yaml] = /```yaml\n(.*?)```/s.exec(README)!;
  const [binding] = parseAllDocuments(yaml!).map((each) => each.toJS());
  const account = parse(guideBlock("named-beforehand"));
  assert.equal(account.metadata.name, binding.spec.serviceAccountName);
  assert.deepEqual(account.imagePullSecrets, [{ name: v1beta2SecretName(binding.metadata.name) }]);
});

Deno.test("guide: the rule for names that are cut is as the operator cuts them", () => {
  assert.match(
    GUIDE.replaceAll("\n", " "),
    /of more than 233 characters \(v1beta1: 234\) is cut to 233 \(223\), .* the first ten characters/,
  );
  const name = (length: number) => "n".repeat(length);
  assert.equal(v1beta2SecretName(name(233)), `acr-pull-${name(233)}`);
  assert.match(v1beta2SecretName(name(234)), /^acr-pull-n{233}-[0-9a-z]{10}$/);
  assert.equal(v1beta1SecretName(name(234)), `${name(234)}-msi-acrpull-secret`);
  assert.match(v1beta1SecretName(name(235)), /^n{223}-[0-9a-z]{10}-msi-acrpull-secret$/);
});
