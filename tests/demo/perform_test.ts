import assert from "node:assert/strict";
import type { Output } from "./live.ts";
import { onServer, performOnce, worldAt } from "./fixture.ts";
import { perform } from "./perform.ts";
import { Screen } from "./screen.ts";

Deno.test("demo: says what did not come to pass, and what the operator said", async () => {
  await onServer(false, async (endpoint) => {
    const { code, printed } = await performOnce(endpoint, ({ azure }) => {
      azure.fail("acr-500", { endpoint: "exchange", times: Infinity });
    }, { readyMs: 700 });
    assert.equal(code, 1);
    const failure = printed.indexOf("FAILED  the first Secret is written: not within 0.7 s");
    assert.equal(printed[failure + 1], "  - no Secret is in namespace msi-acrpull-demo");
    assert.equal(printed[failure + 2], "The operator's last log lines:");
    assert.match(printed.slice(failure + 3).join("\n"), /acr-?|exchange|500/);
  });
});

Deno.test("demo: names each binding that is not Ready, and why", async () => {
  await onServer(false, async (endpoint) => {
    const { code, printed } = await performOnce(endpoint, ({ azure }) => {
      azure.fail("entra-subject", { times: Infinity });
    }, { readyMs: 1_500 });
    assert.equal(code, 1);
    const missing = printed.filter((line) => line.startsWith("  - ")).map((line) =>
      line.replace(/: .*/, "")
    );
    assert.deepEqual(missing.map((line) => line.split(" is ")[0]), [
      "  - v1beta2/workload-annotations",
      "  - v1beta2/workload-identity",
    ]);
  });
});

Deno.test("demo: fails when tokens are not refreshed", async () => {
  await onServer(false, async (endpoint) => {
    const { code, printed } = await performOnce(endpoint, ({ azure }) => {
      azure.tokenLifetimeMs.refresh = azure.tokenLifetimeMs.access = 3_600_000;
    }, { refreshMs: 300 });
    assert.equal(code, 1);
    const missing = printed.filter((line) => line.startsWith("  - "));
    assert.equal(missing.length, 5);
    assert.equal(missing[0], "  - Secret acr-pull-managed-identity holds the same token as before");
  });
});

Deno.test("demo: fails when a token stands in the operator's log", async () => {
  await onServer(false, async (endpoint) => {
    const { code, printed } = await performOnce(endpoint, ({ log }) => {
      const fields = { answer: "eyJhbGciOiJub25lIn0.e30.c2ln" };
      log.add({ level: "info", time: 0, message: "careless", fields });
    });
    assert.equal(code, 1);
    assert.ok(printed.includes("  - a token stands in: careless"));
    assert.ok(!printed.join("\n").includes("eyJhbGciOiJub25lIn0"));
  });
});

Deno.test("demo: draws in place, and leaves the terminal as it was", async () => {
  await onServer(false, async (endpoint) => {
    await using world = await worldAt(endpoint);
    const ended = new AbortController();
    let written = "";
    const terminal = {
      write: (text: string) => {
        written += text;
        if (/workload-identity .* Ready /.test(written)) ended.abort();
      },
      size: () => ({ columns: 80, rows: 40 }),
    };
    using screen = new Screen(terminal);
    const output: Output = { kind: "screen", screen, terminal, colour: false };
    const code = await perform(world, { output, print: () => {}, graceMs: 0 }, ended.signal);
    screen[Symbol.dispose]();
    assert.equal(code, 0);
    assert.ok(written.startsWith("\x1b[?1049h\x1b[?25l\x1b[Hmsi-acrpull demo, "));
    assert.ok(written.endsWith("\x1b[0m\x1b[?25h\x1b[?1049l"));
    assert.equal(written.split("\x1b[?25l").length, 2);
    assert.ok(written.includes("First Secret: "));
  });
});
