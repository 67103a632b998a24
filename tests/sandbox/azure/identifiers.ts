const GUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const WHOLE_GUID = new RegExp(`^${GUID}$`, "i");
const TENANT_DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/i;
const RESOURCE_ID = new RegExp(
  `^/subscriptions/${GUID}/resourceGroups/[\\p{L}\\p{Nd}_().-]{0,89}[\\p{L}\\p{Nd}_()-]` +
    `/providers/Microsoft\\.ManagedIdentity/userAssignedIdentities/[a-z0-9][a-z0-9_-]{2,127}$`,
  "iu",
);

/** A client or object ID: a GUID in any case. */
export function isGuid(value: string): boolean {
  return WHOLE_GUID.test(value);
}

/** A tenant: its GUID, or a verified domain. `common` and its like stand for no tenant. */
export function isTenantName(value: string): boolean {
  return isGuid(value) || TENANT_DOMAIN.test(value);
}

/** The Azure resource ID of a user-assigned managed identity. */
export function isIdentityResourceId(value: string): boolean {
  return RESOURCE_ID.test(value);
}
