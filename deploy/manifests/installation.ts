import { deployment } from "./deployment.ts";
import type { Manifest } from "./manifest.ts";
import { namespace, serviceAccount } from "./namespace.ts";
import { metricsService, networkPolicy } from "./network_policy.ts";
import { operatorPolicies } from "./policies.ts";
import { rbac } from "./rbac.ts";
import { keepAlive } from "./policies/keep_alive.ts";
import { tenantPolicy } from "./policies/tenants.ts";
import { DEFAULTS, type Settings } from "./settings.ts";

/**
 * Everything that is installed but the CRDs, in the order in which it is to be applied. Policies
 * come before the rights that they narrow. The Deployment comes last, so that nothing runs before
 * its limits stand.
 */
export function installation(settings: Settings): readonly Manifest[] {
  return [
    ...(settings.createNamespace ? [namespace(settings)] : []),
    serviceAccount(settings),
    ...(settings.policies ? operatorPolicies(settings) : []),
    ...(settings.tenantPolicy ? [...keepAlive(), ...tenantPolicy(settings)] : []),
    ...rbac(settings),
    ...(settings.networkPolicy ? [networkPolicy(settings)] : []),
    ...(settings.metricsSecure ? [metricsService(settings)] : []),
    deployment(settings),
  ];
}

/** Everything that any settings install, for its names. */
export function everything(): readonly Manifest[] {
  return installation({ ...DEFAULTS, metricsSecure: true, tenantPolicy: true });
}
