import { type Manifest, NAMES } from "./manifest.ts";
import { bindings } from "./policies/bindings.ts";
import { binding, policy } from "./policies/policy.ts";
import { secrets } from "./policies/secrets.ts";
import { serviceAccounts } from "./policies/service_accounts.ts";
import { tokenRequests } from "./policies/token_requests.ts";
import type { Settings } from "./settings.ts";

/**
 * Policies over the operator's own writes, which hold it to what it does even where RBAC allows
 * more, as after a theft of its token. They fail closed. That cannot stop anybody else, kubelets
 * least of all: the condition on the user is looked at first, and it can fail for nobody.
 */
export function operatorPolicies(settings: Settings): readonly Manifest[] {
  const specs = [
    ...(settings.workloadIdentity ? [[NAMES.tokenPolicy, tokenRequests(settings)] as const] : []),
    [NAMES.bindingPolicy, bindings(settings)] as const,
    [NAMES.secretPolicy, secrets(settings)] as const,
    [NAMES.serviceAccountPolicy, serviceAccounts(settings)] as const,
  ];
  return specs.flatMap(([name, spec]) => [policy(name, spec), binding(name)]);
}
