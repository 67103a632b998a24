import assert from "node:assert/strict";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import { OperatorRig, type RigOptions } from "./operator_rig.ts";

/** Registers a test that starts from an operator at work in an empty namespace. */
export type Check<T> = (name: string, run: (on: T) => Promise<void>, more?: RigOptions) => void;

/**
 * Registers tests of what `make` makes of an operator's surroundings. After each the operator must
 * have shown no token, and have sent Azure nothing that the protocol does not know.
 */
export function checking<T>(
  test: TestOnApiServer,
  prefix: string,
  make: (rig: OperatorRig) => T,
  options: RigOptions = {},
): Check<T> {
  return (name, run, more = {}) =>
    test(`${prefix}: ${name}`, async (api) => {
      await using rig = await OperatorRig.start(api, { ...options, ...more });
      await run(make(rig));
      await assertSilentOnTokens(rig);
      rig.azure.assertNoUnexpected();
      rig.azure.assertNoViolations();
    });
}

/** No token may stand where people look. */
export async function assertSilentOnTokens(rig: OperatorRig): Promise<void> {
  const said = await rig.said();
  for (const token of rig.azure.issuedTokens()) {
    assert.ok(
      !said.includes(token),
      "a token stands in a log line, a metric, a status or an Event",
    );
    assert.ok(!said.includes(btoa(token).slice(0, 40)), "an encoded token stands in a log line");
  }
}
