import assert from "node:assert/strict";
import { changeLines } from "./changes.ts";
import type { BindingRow } from "./observe.ts";

const NOW = Date.UTC(2026, 5, 1, 12);
const row = (more: Partial<BindingRow> = {}): BindingRow => ({
  api: "v1beta1",
  namespace: "msi-acrpull-demo",
  name: "a",
  uid: "1",
  server: "example.azurecr.io",
  serviceAccount: "sample",
  secret: "a-msi-acrpull-secret",
  state: "Ready",
  error: "",
  refreshedAt: NOW,
  expiresAt: NOW + 60_000,
  ...more,
});

const CASES: readonly {
  name: string;
  before: BindingRow[];
  after: BindingRow[];
  lines: string[];
}[] = [
  { name: "nothing", before: [row()], after: [row()], lines: [] },
  {
    name: "a new binding",
    before: [],
    after: [row()],
    lines: ["v1beta1/a is Ready, its token expires in 1 min"],
  },
  {
    name: "a refresh",
    before: [row({ refreshedAt: NOW - 30_000 })],
    after: [row()],
    lines: ["v1beta1/a was refreshed, its token expires in 1 min"],
  },
  {
    name: "an error",
    before: [row()],
    after: [row({ state: "Throttled", error: "Azure is busy." })],
    lines: ["v1beta1/a is Throttled: Azure is busy."],
  },
  {
    name: "a deletion",
    before: [row(), row({ uid: "2", name: "b" })],
    after: [row({ uid: "2", name: "b", state: "Deleting" })],
    lines: ["v1beta1/b is Deleting, its token expires in 1 min", "v1beta1/a has gone"],
  },
  {
    name: "a binding made anew under the name",
    before: [row()],
    after: [row({ uid: "3" })],
    lines: ["v1beta1/a is Ready, its token expires in 1 min", "v1beta1/a has gone"],
  },
];

for (const { name, before, after, lines } of CASES) {
  Deno.test(`demo in lines tells of ${name}`, () => {
    assert.deepEqual(changeLines(before, after, NOW), lines);
  });
}
