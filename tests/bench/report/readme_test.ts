import assert from "node:assert/strict";
import { CASES } from "../cases/all.ts";
import { combined } from "./combine.ts";
import { figuresTable } from "./figures.ts";
import { FIGURES, printedIn, REPORT, withPrinted } from "./readme.ts";
import { report } from "./report.ts";
import type { Measurement } from "./result.ts";
import { differences } from "./shape.ts";

const ROOT = new URL("../../../", import.meta.url);
const README = Deno.readTextFileSync(new URL(REPORT.path, ROOT));

const ORIGIN = {
  machine: "2 cores of AMD EPYC, 24 GB, Linux 6.18.44, Deno 2.9.6",
  date: "2026-11-23",
  command: "deno task bench --readme",
};

const CALLS = {
  "create secrets": 1_000,
  "patch acrpullbindings": 1_000,
  "patch acrpullbindings/status": 1_000,
  "patch serviceaccounts": 1_000,
  "list secrets": 1,
};

const throttles = { rate: 0, concurrency: 0 };

/** What a whole run would print. */
function printed(figures: Partial<Measurement> = { readySeconds: 7.5, calls: CALLS }): string {
  const results = CASES.flatMap(({ lines }) =>
    lines.map((line) =>
      combined(line, [{ case: line.case, problems: [], ...figures }], undefined, true)
    )
  );
  return report(results, ORIGIN);
}

Deno.test("README: its figures are what a whole run of the bench printed", () => {
  assert.deepEqual(differences(printedIn(REPORT, README)), []);
});

Deno.test("README: what was printed is put between the marks, and stays what it was", () => {
  const readme = withPrinted(REPORT, README, printed());
  assert.equal(printedIn(REPORT, readme), printed());
  assert.equal(withPrinted(REPORT, withPrinted(REPORT, readme, "other"), printed()), readme);
  assert.equal(withPrinted(REPORT, readme, printedIn(REPORT, readme)), readme);
  assert.throws(() => withPrinted(REPORT, "# No marks\n", printed()), /must hold one pair/);
  assert.throws(() => withPrinted(REPORT, readme + readme, printed()), /must hold one pair/);
});

Deno.test("README: its few figures are those of the bench's tables, beside the reference's", () => {
  const shown = printedIn(FIGURES, Deno.readTextFileSync(new URL(FIGURES.path, ROOT)));
  assert.equal(shown, figuresTable(printedIn(REPORT, README)));
});

Deno.test("figures: what is measured is shown with its ratio to the reference, and none is missed", () => {
  const whole = printed({
    readySeconds: 8.13,
    cpuSeconds: 3,
    peakRssBytes: 61_000_000,
    calls: CALLS,
    azure: { calls: { imds: 1, entra: 0, exchange: 1, token: 0 }, throttles, problems: [] },
  });
  const [, , ready, cpu, memory, tokens] = figuresTable(whole).split("\n").map((line) =>
    line.split("|").map((cell) => cell.trim()).slice(2, -1)
  );
  assert.deepEqual([ready, cpu, memory, tokens], [
    ["271 s", "8.13 s", "0.03"],
    ["6 s", "3 s", "0.5"],
    ["61 MB", "61 MB", "1"],
    ["1,000", "1", "0.001"],
  ]);
  assert.throws(
    () => figuresTable(whole.replace(/^\| v1beta1: .*\n/m, "")),
    /The bench's report does not say: One managed identity: until all are ready/,
  );
});

Deno.test("README: the formatter leaves what was printed as it is", async () => {
  const text = `# Figures\n\n${printed()}\n`;
  const formatter = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--no-config", "--line-width=100", "--ext=md", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = formatter.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { stdout } = await formatter.output();
  assert.equal(new TextDecoder().decode(stdout), text);
});

Deno.test("README: whatever is taken away by hand is missed", () => {
  const whole = printed();
  assert.deepEqual(differences(whole), []);
  const without = (pattern: RegExp) => differences(whole.replace(pattern, ""));
  assert.deepEqual(
    [
      without(/^\| cold: .*\n/m),
      without(/^\| v1beta1 .*all ready \/ floor.*\n/m),
      without(/^\| create secrets .*\n/m),
      without(/^### Growth\n\n(\|.*\n)+\n/m),
      withoutColumn(whole, "p50"),
      withoutColumn(whole, "5000"),
      differences(whole.replace(ORIGIN.date, "today")),
      differences(whole.replace(" --readme", " --quick")),
      differences(whole.replace(/.*2 cores.*/, "|  | 2026-11-23 | `deno task bench --readme` |")),
      differences(
        whole.replace(/^(\| cold: .*\n)(\| floor: .*\n)/m, "$2$1"),
      ),
    ],
    [
      ["rows of Speed: cold: cold start, one binding is missing"],
      ["rows of Aims: v1beta1: all ready / floor <= 1.5 times is missing"],
      ["rows of Calls: create secrets is missing"],
      ["tables: Growth is missing"],
      ["columns of Speed: p50 is missing"],
      ["columns of Calls: 5000 is missing"],
      ["no date is named"],
      ["the command is not that of a whole run"],
      ["no machine is named"],
      ["rows of Speed: their order is another"],
    ],
  );
});

Deno.test("README: a problem of a run shows", () => {
  const problem = printed({ readySeconds: 7.5, calls: CALLS, problems: ["odd | thing"] });
  assert.ok(differences(problem).includes("tables: Problems is not printed by the bench"));
});

function withoutColumn(text: string, column: string): string[] {
  const lines = text.split("\n");
  const head = lines.findIndex((line) => line.includes(`| ${column} `));
  const index = lines[head]!.split("|").findIndex((cell) => cell.trim() === column);
  for (let row = head; lines[row]?.startsWith("|"); row++) {
    lines[row] = lines[row]!.split("|").toSpliced(index, 1).join("|");
  }
  return differences(lines.join("\n"));
}
