import assert from "node:assert/strict";
import type { BindingRow } from "./observe.ts";
import { duration, renderView, type ViewState } from "./view.ts";

const NOW = Date.UTC(2026, 5, 1, 12);
const SIZE = { columns: 80, rows: 24, colour: false };

const row = (more: Partial<BindingRow> = {}): BindingRow => ({
  api: "v1beta2",
  namespace: "msi-acrpull-demo",
  name: "managed-identity",
  uid: "1",
  server: "example.azurecr.io",
  serviceAccount: "sample",
  secret: "acr-pull-managed-identity",
  state: "Ready",
  error: "",
  refreshedAt: NOW - 18_000,
  expiresAt: NOW + 42_000,
  ...more,
});

const PENDING: Partial<BindingRow> = { state: "Pending", server: "" };

const state = (more: Partial<ViewState> = {}): ViewState => ({
  title: "in-memory API server at http://127.0.0.1:40001",
  kubectl: ["kubectl --kubeconfig build/demo-1/kubeconfig get apb -A -w"],
  now: NOW,
  elapsedMs: 65_000,
  firstSecretMs: 1_240,
  bindings: [row()],
  azureCalls: { imds: 1, entra: 2, exchange: 5, token: 4 },
  log: ["12:00:00Z INFO  first", "12:00:01Z INFO  second"],
  ...more,
});

const HEAD = [
  "msi-acrpull demo, 1 min 5 s: in-memory API server at http://127.0.0.1:40001",
  "",
];
const FOOT = [
  "",
  "Azure calls so far: 12 (imds 1, entra 2, exchange 5, token 4)",
  "First Secret: 1.2 s after the command",
  "",
  "To watch with kubectl, in another terminal:",
  "  kubectl --kubeconfig build/demo-1/kubeconfig get apb -A -w",
];
const LOG = ["", "The operator says:", "  12:00:00Z INFO  first", "  12:00:01Z INFO  second"];
const END = ["", "Ctrl-C ends the demo and removes what it made."];

Deno.test("view: shows bindings, calls, the line to paste and the log", () => {
  assert.deepEqual(renderView(state(), SIZE), [
    ...HEAD,
    "BINDING                   SERVER              STATE  EXPIRES  REFRESHED",
    "v1beta2/managed-identity  example.azurecr.io  Ready  in 42 s  18 s ago",
    ...FOOT,
    ...LOG,
    ...END,
  ]);
});

const TABLES: readonly { name: string; bindings: BindingRow[]; lines: string[] }[] = [
  {
    name: "says when there is no binding",
    bindings: [],
    lines: ["BINDING  SERVER  STATE  EXPIRES  REFRESHED", "(none yet)"],
  },
  {
    name: "shows a binding without a token, and one that has expired",
    bindings: [
      { ...row(PENDING), refreshedAt: undefined, expiresAt: undefined } as unknown as BindingRow,
      row({ name: "late", expiresAt: NOW - 1 }),
    ],
    lines: [
      "BINDING                   SERVER              STATE    EXPIRES  REFRESHED",
      "v1beta2/managed-identity  (default)           Pending  -        -",
      "v1beta2/late              example.azurecr.io  Ready    expired  18 s ago",
    ],
  },
  {
    name: "names the namespace of a binding that is not the demo's",
    bindings: [row({ namespace: "mine", name: "b" })],
    lines: [
      "BINDING         SERVER              STATE  EXPIRES  REFRESHED",
      "v1beta2/mine/b  example.azurecr.io  Ready  in 42 s  18 s ago",
    ],
  },
  {
    name: "cuts what is too wide, and shows why a binding has no token",
    bindings: [row({
      name: "a-binding-with-quite-a-long-name",
      state: "ServiceAccountNotFound",
      error: `service account "sample" not found; ${"create it ".repeat(8)}`,
    })],
    lines: [
      "BINDING                                SERVER      STATE      EXPIRES  REFRESHED",
      "v1beta2/a-binding-with-quite-a-long-~  example.a~  ServiceA~  in 42 s  18 s ago",
      '  service account "sample" not found; create it create it create it create it c~',
    ],
  },
  {
    name: "lets no text of others move the cursor",
    bindings: [row({ server: "a\x1b[2J\n\u202eb" })],
    lines: [
      "BINDING                   SERVER    STATE  EXPIRES  REFRESHED",
      "v1beta2/managed-identity  a?[2J??b  Ready  in 42 s  18 s ago",
    ],
  },
];

for (const { name, bindings, lines } of TABLES) {
  Deno.test(`view: ${name}`, () => {
    const shown = renderView(state({ bindings, log: [] }), SIZE);
    assert.deepEqual(shown, [...HEAD, ...lines, ...FOOT, ...END]);
  });
}

Deno.test("view: says what is wrong with the server", () => {
  const shown = renderView(state({ problem: "no answer", log: [] }), SIZE);
  assert.deepEqual(shown.slice(4, 8), [...FOOT.slice(0, 3), "no answer"]);
});

Deno.test("view: is silent on the first Secret while there is none", () => {
  const { firstSecretMs: _, ...rest } = state();
  assert.ok(renderView(rest, SIZE).includes("First Secret: not yet"));
});

for (const rows of [14, 15, 16, 20, 30]) {
  for (const columns of [40, 60, 80, 200]) {
    Deno.test(`view: fits a terminal of ${columns} columns and ${rows} rows`, () => {
      const bindings = Array.from({ length: 12 }, (_, index) => row({ name: `b-${index}` }));
      const log = Array.from({ length: 20 }, (_, index) => `line ${index} ${"x".repeat(90)}`);
      const view = renderView(state({ bindings, log }), { columns, rows, colour: false });
      const kubectl = (line: string) => line.startsWith("  kubectl ");
      const needed = view.reduce((sum, line) => sum + Math.ceil(line.length / columns || 1), 0);
      assert.ok(needed <= rows, view.join("\n"));
      assert.deepEqual(view.filter((line) => line.length > columns && !kubectl(line)), []);
      assert.ok(view.includes(FOOT.at(-1)!), "the line to paste is whole");
    });
  }
}

Deno.test("view: colours change nothing but the colours", () => {
  const bindings = [row(), row({ state: "Error", error: "why" }), row(PENDING)];
  const coloured = renderView(state({ bindings }), { ...SIZE, colour: true });
  // deno-lint-ignore no-control-regex -- the escape sequences are what is looked for
  const bare = coloured.map((line) => line.replace(/\x1b\[\d+m/g, "").trimEnd());
  assert.deepEqual(bare, renderView(state({ bindings }), SIZE));
  assert.ok(coloured.some((line) => line.includes("\x1b[32mReady")));
  assert.ok(coloured.some((line) => line.includes("\x1b[31mError")));
  assert.ok(coloured.some((line) => line.includes("\x1b[33mPending")));
});

for (
  const [ms, text] of [
    [-5, "0 s"],
    [400, "0 s"],
    [59_400, "59 s"],
    [59_600, "1 min"],
    [61_000, "1 min 1 s"],
    [3_600_000, "1 h"],
    [3_660_000, "1 h 1 min"],
    [90_000_000, "1 d 1 h"],
  ] as const
) {
  Deno.test(`view: ${ms} ms are ${text}`, () => assert.equal(duration(ms), text));
}
