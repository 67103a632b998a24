import assert from "node:assert/strict";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import { checking } from "./checking.ts";
import type { RigOptions } from "./operator_rig.ts";
import { settled } from "./settled.ts";
import { V1 } from "./v1beta1_objects.ts";
import { V2 } from "./v1beta2_objects.ts";

/** Bindings by name, with their labels. */
const LABELS: Readonly<Record<string, Record<string, string>>> = {
  bare: {},
  web: { tier: "web", env: "prod", rank: "10" },
  api: { tier: "api", env: "test", rank: "9" },
};

/** Each operator of a selector, and the bindings that it selects. */
const SELECTORS: readonly { selector: string; selected: readonly string[] }[] = [
  { selector: "", selected: ["api", "bare", "web"] },
  { selector: "tier=web", selected: ["web"] },
  { selector: "tier==web", selected: ["web"] },
  { selector: "tier!=web", selected: ["api", "bare"] },
  { selector: "tier in (web, other)", selected: ["web"] },
  { selector: "tier notin (web)", selected: ["api", "bare"] },
  { selector: "tier", selected: ["api", "web"] },
  { selector: "!tier", selected: ["bare"] },
  // The documentation of labels is silent on these two; the API server compares integers by them.
  { selector: "rank>9", selected: ["web"] },
  { selector: "rank<10", selected: ["api"] },
  { selector: " tier in (web,api), env!=prod ", selected: ["api"] },
];

/** `--label-selector` at work. */
export function selectionSuite(test: TestOnApiServer, options: RigOptions = {}): void {
  for (const { selector, selected } of SELECTORS) {
    const check = checking(test, "label selector", (rig) => rig, {
      ...options,
      args: [`--label-selector=${selector}`],
    });
    check(`${JSON.stringify(selector)} serves ${selected.join(" and ")}`, async (rig) => {
      await new V1(rig).createAccount("default");
      for (const [name, labels] of Object.entries(LABELS)) {
        await new V1(rig, name).createBinding({ labels });
        await new V2(rig, name).createBinding({ labels });
      }
      for (const name of selected) {
        await new V1(rig, name).ready();
        await new V2(rig, name).ready();
      }
      await settled(() => rig.resourceVersions());
      for (const name of Object.keys(LABELS).filter((each) => !selected.includes(each))) {
        for (const binding of [new V1(rig, name), new V2(rig, name)]) {
          const { metadata, status } = (await binding.binding())!;
          assert.deepEqual([metadata.finalizers, status], [undefined, { observedGeneration: -1 }]);
          assert.equal(await binding.secret(), undefined);
        }
      }
    });
  }

  const check = checking(test, "label selector", (rig) => new V2(rig), {
    ...options,
    args: ["--label-selector", "tier=web"],
  });
  check("a binding is served once it matches, and left alone when it does not", async (v2) => {
    await v2.createAccount("default");
    await v2.createBinding();
    await settled(() => v2.resourceVersions());
    assert.equal(await v2.secret(), undefined);
    await v2.patchBinding({ metadata: { labels: { tier: "web" } } });
    await v2.ready();
    const secret = await v2.secret();
    await v2.patchBinding({ metadata: { labels: { tier: "api" } } });
    // Until its watch has told, the operator would refresh what is due.
    await settled(() => v2.resourceVersions());
    v2.rig.clock.advance(60 * 60_000);
    await settled(() => v2.resourceVersions());
    assert.deepEqual(await v2.secret(), secret);
    await v2.referencesOnce("default", [v2.place.secret]);
    await v2.patchBinding({ metadata: { labels: { tier: "web" } } });
    await v2.renewed(secret!);
  });
}
