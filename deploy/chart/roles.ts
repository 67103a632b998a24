import { stringify } from "yaml";
import { type Manifest, NAMES } from "../manifests/manifest.ts";
import { serviceAccount } from "../manifests/namespace.ts";
import {
  clusterPermissions,
  type ConditionalSetting,
  type Permission,
} from "../manifests/permissions.ts";
import { rbac, ruleOf } from "../manifests/rbac.ts";
import type { Settings } from "../manifests/settings.ts";
import { when } from "./template.ts";
import { yamlOf } from "../yaml.ts";

/** The chart's values that say what the settings say. */
const VALUES: Readonly<Record<ConditionalSetting, string>> = {
  workloadIdentity: ".Values.workloadIdentity.enabled",
  metricsSecure: ".Values.metrics.secure",
};

/** The chart's rbac.yaml: the roles of the manifests, each rule under the value it depends on. */
export function rbacTemplate(settings: Settings): string {
  const all = { ...settings, workloadIdentity: true, metricsSecure: true };
  return rbac(all).map((manifest, index) => {
    const text = `${index === 0 ? "" : "---\n"}${roleTemplate(manifest, all)}`;
    const isReader = manifest.metadata.name === NAMES.metricsReaderRole;
    return isReader ? when(VALUES.metricsSecure, text) : text;
  }).join("");
}

/** The chart's serviceaccount.yaml: that of the manifests, with annotations from the values. */
export function serviceAccountTemplate(settings: Settings): string {
  const { apiVersion, kind, metadata, ...rest } = serviceAccount(settings);
  return yamlOf([{ apiVersion, kind, metadata }]) + ANNOTATIONS + stringify(rest);
}

const ANNOTATIONS = `  {{- with .Values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
`;

function roleTemplate(manifest: Manifest, settings: Settings): string {
  if (manifest.metadata.name !== NAMES.managerRole) return yamlOf([manifest]);
  const { rules: _, ...rest } = manifest;
  return `${yamlOf([rest])}rules:\n${ruleTemplates(settings).join("")}`;
}

function ruleTemplates(settings: Settings): readonly string[] {
  const watching = clusterPermissions({ ...settings, secretAccess: "watch" });
  const getting = clusterPermissions({ ...settings, secretAccess: "get" });
  return watching.map((permission, index) => {
    const [watch, get] = [ruleText(permission), ruleText(getting[index]!)];
    const text = watch === get ? watch : when(`eq .Values.secretAccess "watch"`, watch, get);
    return permission.only === undefined ? text : when(VALUES[permission.only], text);
  });
}

/** A rule as an item of the list of rules. */
function ruleText(permission: Permission): string {
  const lines = stringify([ruleOf(permission)], { lineWidth: 0 }).trimEnd().split("\n");
  return lines.map((line) => `  ${line}\n`).join("");
}
