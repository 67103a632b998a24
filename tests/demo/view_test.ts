import assert from "node:assert/strict";
import type { BindingRow } from "./observe.ts";
import { kubectlLines } from "./endpoint.ts";
import { OWN_LABEL_NOTE } from "./survey.ts";
import { duration, rowsOf } from "./text.ts";
import { renderView, type ViewState } from "./view.ts";

const NOW = Date.UTC(2026, 5, 1, 12);
const SIZE = { columns: 80, rows: 24, colour: false };
const ROOMY = { columns: 80, rows: 40, colour: false };

const APPLY = "apply --server-side --force-conflicts -f";

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
  kubectl: {
    setup: "export KUBECONFIG=/home/me/deno/build/demo-1/kubeconfig",
    watch: ["kubectl get apb -A -w", "kubectl get acrpullbindings.msi-acrpull.microsoft.com -A -w"],
    breaking: ["registry", "identity", "account"].map((name) =>
      `kubectl ${APPLY} tests/demo/bad/${name}.yaml`
    ),
    healing: `kubectl ${APPLY} deploy/samples`,
  },
  notes: [],
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
const FACTS = [
  "",
  "Azure calls so far: 12 (imds 1, entra 2, exchange 5, token 4)",
  "First Secret: 1.2 s after the command",
];
const PASTE = [
  "",
  "To watch, in another terminal:",
  "  export KUBECONFIG=/home/me/deno/build/demo-1/kubeconfig",
  "  kubectl get apb -A -w",
  "  kubectl get acrpullbindings.msi-acrpull.microsoft.com -A -w",
];
const BREAKING = [
  "To break a binding, each in another way:",
  "  kubectl apply --server-side --force-conflicts -f tests/demo/bad/registry.yaml",
  "  kubectl apply --server-side --force-conflicts -f tests/demo/bad/identity.yaml",
  "  kubectl apply --server-side --force-conflicts -f tests/demo/bad/account.yaml",
];
const HEALING = [
  "To heal them:",
  "  kubectl apply --server-side --force-conflicts -f deploy/samples",
];
const FOOT = [...FACTS, ...PASTE, ...BREAKING, ...HEALING];
const LOG = ["", "The operator says:", "  12:00:00Z INFO  first", "  12:00:01Z INFO  second"];
const END = ["", "Ctrl-C ends the demo and removes what it made."];

Deno.test("view: shows bindings, calls, the lines to paste and the log", () => {
  assert.deepEqual(renderView(state(), { ...SIZE, columns: 100, rows: 40 }), [
    ...HEAD,
    "NAMESPACE         BINDING                   SERVER              STATE  EXPIRES  REFRESHED",
    "msi-acrpull-demo  v1beta2/managed-identity  example.azurecr.io  Ready  in 42 s  18 s ago",
    ...FOOT,
    ...LOG,
    ...END,
  ]);
});

const TABLES: readonly { name: string; bindings: BindingRow[]; lines: string[] }[] = [
  {
    name: "says when there is no binding",
    bindings: [],
    lines: ["NAMESPACE  BINDING  SERVER  STATE  EXPIRES  REFRESHED", "(none yet)"],
  },
  {
    name: "shows a binding without a token, and one that has expired",
    bindings: [
      { ...row(PENDING), refreshedAt: undefined, expiresAt: undefined } as unknown as BindingRow,
      row({ name: "late", server: "", expiresAt: NOW - 1 }),
    ],
    lines: [
      "NAMESPACE         BINDING                   STATE    EXPIRES  REFRESHED",
      "msi-acrpull-demo  v1beta2/managed-identity  Pending  -        -",
      "msi-acrpull-demo  v1beta2/late              Ready    expired  18 s ago",
    ],
  },
  {
    name: "names the namespace of a binding that is not the demo's",
    bindings: [row({ namespace: "mine", name: "b" })],
    lines: [
      "NAMESPACE  BINDING    SERVER              STATE  EXPIRES  REFRESHED",
      "mine       v1beta2/b  example.azurecr.io  Ready  in 42 s  18 s ago",
    ],
  },
  {
    name: "lets no text of others move the cursor",
    bindings: [row({ name: "b", server: "a\x1b[2J\n\u202eb" })],
    lines: [
      "NAMESPACE         BINDING    SERVER    STATE  EXPIRES  REFRESHED",
      "msi-acrpull-demo  v1beta2/b  a?[2J??b  Ready  in 42 s  18 s ago",
    ],
  },
];

for (const { name, bindings, lines } of TABLES) {
  Deno.test(`view: ${name}`, () => {
    const shown = renderView(state({ bindings, log: [] }), ROOMY);
    assert.deepEqual(shown, [...HEAD, ...lines, ...FOOT, ...END]);
  });
}

const TROUBLE =
  'IMDS does not know client ID "1b461305-28be-5271-beda-bd9fd2e24250" on this node ' +
  "(HTTP 400: Identity not found). Assign the managed identity to the node pool's scale set, or " +
  "correct its client or resource ID.";

Deno.test("view: wraps why a binding has no token, and cuts none of it", () => {
  const bindings = [row({ state: "IdentityNotFound", error: TROUBLE })];
  const shown = renderView(state({ bindings, log: [] }), ROOMY);
  assert.deepEqual(shown.slice(2, 7), [
    "NAMESPACE         BINDING                   STATE             EXPIRES  REFRESHED",
    "msi-acrpull-demo  v1beta2/managed-identity  IdentityNotFound  in 42 s  18 s ago",
    '  IMDS does not know client ID "1b461305-28be-5271-beda-bd9fd2e24250" on this',
    "  node (HTTP 400: Identity not found). Assign the managed identity to the node",
    "  pool's scale set, or correct its client or resource ID.",
  ]);
});

const SAMPLES = [
  "client-id",
  "resource-id",
  "managed-identity",
  "workload-annotations",
  "workload-identity",
];

Deno.test("view: 80 x 24 suffice for the samples, their namespace and the lines that break one", () => {
  const shown = renderView(state({ bindings: SAMPLES.map((name) => row({ name })) }), SIZE);
  const text = shown.join("\n");
  assert.ok(shown.length <= 24 && shown.every((line) => line.length <= 80), text);
  assert.equal(shown.filter((line) => line.startsWith("msi-acrpull-demo  v1beta2/")).length, 5);
  for (const line of [...PASTE, ...BREAKING, ...HEALING, ...END]) {
    assert.ok(shown.includes(line), `${line} in\n${text}`);
  }
});

Deno.test("view: 80 x 24 suffice on a cluster of the user's for the lines that break and heal", () => {
  const kubectl = kubectlLines({
    kubeconfig: "/home/me/.kube/config",
    namespace: "msi-acrpull-demo",
    directory: Deno.cwd(),
  });
  const bindings = SAMPLES.map((name) => row({ name }));
  const notes = [OWN_LABEL_NOTE];
  const log = Array.from({ length: 20 }, (_, index) => `line ${index}`);
  const shown = renderView(state({ kubectl, bindings, notes, log }), SIZE);
  const text = shown.join("\n");
  assert.ok(rowsOf(shown, 80) <= 24, text);
  assert.equal(shown.filter((line) => line.startsWith("msi-acrpull-demo  v1beta2/")).length, 5);
  const lines = [kubectl.setup, ...kubectl.breaking, kubectl.healing].map((line) => `  ${line}`);
  for (const line of [...lines, OWN_LABEL_NOTE]) {
    assert.ok(shown.includes(line), `${line} in\n${text}`);
  }
});

Deno.test("view: the line to watch is there where those that break a binding find no room", () => {
  const bindings = SAMPLES.map((name) => row({ name }));
  const shown = renderView(state({ bindings }), { ...SIZE, rows: 17 });
  assert.deepEqual([PASTE.at(-1)!, BREAKING[0]!].map((line) => shown.includes(line)), [
    true,
    false,
  ]);
});

for (const broken of [1, 2, 3, 4, 5]) {
  Deno.test(`view: 80 x 24 suffice for the remedy of ${broken} broken samples, and the line that heals`, () => {
    const bindings = SAMPLES.map((name, index) =>
      row(index < 5 - broken ? { name } : { name, state: "IdentityNotFound", error: TROUBLE })
    );
    const shown = renderView(state({ bindings }), SIZE);
    const text = shown.join("\n");
    assert.ok(shown.length <= 24 && shown.every((line) => line.length <= 80), text);
    for (const line of HEALING) assert.ok(shown.includes(line), text);
    const whole = shown.map((line) => line.trim()).join(" ");
    const told = whole.split(TROUBLE).length - 1;
    const begun = whole.split("IMDS does not know").length - 1;
    assert.equal(told, begun, "a message that is begun is told to its end");
    assert.equal(told, Math.min(broken, 3), text);
    const hidden = 5 - shown.filter((line) => line.startsWith("msi-acrpull-demo")).length;
    assert.equal(shown.includes(`(and ${hidden} bindings more)`), hidden > 0, text);
  });
}

Deno.test("view: says what a binding of one's own needs, where it needs something", () => {
  const notes = ["A binding of your own is served with the label a=b."];
  assert.ok(renderView(state({ notes, log: [] }), SIZE).includes(notes[0]!));
});

Deno.test("view: says what is wrong with the server", () => {
  const shown = renderView(state({ problem: "no answer", log: [] }), ROOMY);
  assert.deepEqual(shown.slice(4, 8), [...FACTS, "no answer"]);
});

Deno.test("view: is silent on the first Secret while there is none", () => {
  const { firstSecretMs: _, ...rest } = state();
  assert.ok(renderView(rest, ROOMY).includes("First Secret: not yet"));
});

for (const rows of [14, 15, 16, 20, 30]) {
  for (const columns of [40, 60, 80, 200]) {
    Deno.test(`view: fits a terminal of ${columns} columns and ${rows} rows`, () => {
      const bindings = Array.from({ length: 12 }, (_, index) => row({ name: `b-${index}` }));
      const log = Array.from({ length: 20 }, (_, index) => `line ${index} ${"x".repeat(90)}`);
      const view = renderView(state({ bindings, log }), { columns, rows, colour: false });
      const kubectl = (line: string) => /^ {2}(kubectl|export) /.test(line);
      const needed = view.reduce((sum, line) => sum + Math.ceil(line.length / columns || 1), 0);
      assert.ok(needed <= rows, view.join("\n"));
      assert.deepEqual(view.filter((line) => line.length > columns && !kubectl(line)), []);
      const paste = [PASTE.at(-1)!, HEALING.at(-1)!];
      assert.ok(paste.some((line) => view.includes(line)), "a line to paste is whole");
    });
  }
}

Deno.test("view: colours change nothing but the colours", () => {
  const bindings = [row(), row({ state: "Error", error: "why" }), row(PENDING)];
  const coloured = renderView(state({ bindings }), { ...ROOMY, colour: true });
  // deno-lint-ignore no-control-regex -- the escape sequences are what is looked for
  const bare = coloured.map((line) => line.replace(/\x1b\[\d+m/g, "").trimEnd());
  assert.deepEqual(bare, renderView(state({ bindings }), ROOMY));
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
