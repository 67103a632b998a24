import assert from "node:assert/strict";
import { clusterPermissions } from "../../../../deploy/manifests/permissions.ts";
import { bindings } from "../../../../deploy/manifests/policies/bindings.ts";
import { isNameFor } from "../../../../deploy/manifests/policies/names.ts";
import { secrets } from "../../../../deploy/manifests/policies/secrets.ts";
import { tenantPolicy } from "../../../../deploy/manifests/policies/tenants.ts";
import { DEFAULTS } from "../../../../deploy/manifests/settings.ts";
import { APIS } from "../../../../src/controller/binding/apis.ts";

const CRDS = APIS.all.map(({ definition }) => definition);

for (const { group, version, plural } of CRDS) {
  const apiVersion = `${group}/${version}`;

  Deno.test(`APIs: the operator has its rights on bindings of ${apiVersion}`, () => {
    for (const resource of [plural, `${plural}/status`, `${plural}/finalizers`]) {
      const granted = clusterPermissions(DEFAULTS).filter(({ apiGroups, resources }) =>
        apiGroups.includes(group) && resources.includes(resource)
      );
      assert.equal(granted.length, 1, resource);
    }
  });

  Deno.test(`APIs: policies are asked about bindings of ${apiVersion}`, () => {
    const operator = bindings(DEFAULTS).matchConstraints!.resourceRules!;
    const tenants = JSON.stringify(tenantPolicy(DEFAULTS));
    assert.ok(
      operator.some(({ apiGroups, apiVersions }) =>
        apiGroups!.includes(group) && apiVersions!.includes(version)
      ),
    );
    assert.ok(
      tenants.includes(`"apiGroups":["${group}"],"apiVersions":["${version}"]`),
      tenants,
    );
  });

  Deno.test(`APIs: the policy for Secrets knows owners and names of ${apiVersion}`, () => {
    assert.ok(JSON.stringify(secrets(DEFAULTS)).includes(`startsWith('${group}/')`));
    assert.ok(isNameFor("name", "owner").includes(`owner.apiVersion == '${apiVersion}'`));
  });
}
