import { row } from "./guide_table.ts";
import {
  clusterPermissions,
  type ConditionalSetting,
  NAMESPACE_PERMISSIONS,
  type Permission,
} from "../manifests/permissions.ts";
import { DEFAULTS } from "../manifests/settings.ts";

/** The options of the settings, as a reader of the table meets them. */
const OPTIONS: Readonly<Record<ConditionalSetting, string>> = {
  workloadIdentity: "`--workload-identity`, the default",
  metricsSecure: "`--metrics-secure`",
};

/** One row for each permission, those of options that are off by default included. */
export function permissionTable(): string {
  const all = clusterPermissions({ ...DEFAULTS, metricsSecure: true });
  return [
    row("Verbs", "Resource", "Where", "Why"),
    row("---", "---", "---", "---"),
    ...all.map((permission) => permissionRow(permission, "every namespace")),
    ...NAMESPACE_PERMISSIONS.map((permission) => permissionRow(permission, "its own namespace")),
  ].join("\n");
}

function permissionRow(permission: Permission, where: string): string {
  const { verbs, why, only, resourceNames = [] } = permission;
  const named = resourceNames.map((name) => ` named \`${name}\``).join("");
  const condition = only === undefined ? "" : ` Only with ${OPTIONS[only]}.`;
  return row(verbs.join(", "), `${resourcesOf(permission)}${named}`, where, why + condition);
}

function resourcesOf({ apiGroups, resources }: Permission): string {
  return resources.flatMap((resource) => {
    const [plural, ...subresource] = resource.split("/");
    return apiGroups.map((group) => {
      const full = group === "" ? plural : `${plural}.${group}`;
      return `\`${[full, ...subresource].join("/")}\``;
    });
  }).join(", ");
}
