import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { PROXY_VARIABLES } from "../../../../src/cli/permissions/proxy_variables.ts";

const MODULE = new URL("../../../../src/cli/permissions/proxy.ts", import.meta.url).href;
const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** Says what the module found, and whether a variable of it can still be set. */
const PROGRAM = `
const { USES_PROXY } = await import(${JSON.stringify(MODULE)});
let set = true;
try {
  Deno.env.set("ALL_PROXY", "http://192.0.2.1:3128");
} catch (error) {
  set = !(error instanceof Deno.errors.NotCapable);
}
console.log(JSON.stringify([USES_PROXY, set]));
`;

async function found(allowed: string, env: Record<string, string>): Promise<unknown> {
  const program = `data:text/javascript,${encodeURIComponent(PROGRAM)}`;
  const flags = ["run", "--quiet", "--no-prompt", `--allow-read=${ROOT}`, "--allow-import"];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...flags, ...(allowed === "" ? [] : [allowed]), program],
    clearEnv: true,
    env: { PATH: "", HOME: Deno.env.get("HOME") ?? "/", DENO_NO_UPDATE_CHECK: "1", ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.notEqual(text, "", new TextDecoder().decode(stderr));
  return JSON.parse(text);
}

const LISTED = `--allow-env=${PROXY_VARIABLES.join(",")}`;

Deno.test("proxy: what the variables say is read once, and the right to them given up", async () => {
  assert.deepEqual(await found(LISTED, {}), [false, false]);
  assert.deepEqual(await found(LISTED, { https_proxy: "http://192.0.2.1:3128" }), [true, false]);
  assert.deepEqual(await found(LISTED, { HTTPS_PROXY: "" }), [false, false]);
});

Deno.test("proxy: where the variables may not be read, there may be one", async () => {
  assert.deepEqual(await found("", {}), [true, false]);
});
