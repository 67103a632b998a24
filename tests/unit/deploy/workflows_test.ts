import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import lock from "../../../.ci/deno/package-lock.json" with { type: "json" };
import locked from "../../../.ci/deno/package.json" with { type: "json" };
import { lackOfCommands } from "../../image/commands.ts";
import { type Job, jobsOf, unpinned } from "./workflows.ts";
import { needing } from "../../suites/needing.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const WORKFLOWS = `${ROOT}.github/workflows`;

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(`${ROOT}${path}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.IsADirectory) return;
    throw error;
  }
}

function allJobs(): Job[] {
  const files = [...Deno.readDirSync(WORKFLOWS)].map(({ name }) => name);
  assert.ok(files.length >= 3);
  return files.flatMap((file) => jobsOf(file, Deno.readTextFileSync(`${WORKFLOWS}/${file}`), read));
}

Deno.test("workflows: the jobs that can publish are known as such, and no others", () => {
  assert.deepEqual(
    allJobs().filter(({ privileged }) => privileged).map(({ name }) => name).sort(),
    [
      "rebuild.yml: rebuild",
      "release.yml: binaries",
      "release.yml: chart",
      "release.yml: image",
    ],
  );
});

Deno.test("workflows: a job that can publish runs nothing by name and version alone", () => {
  const found = allJobs().filter(({ privileged }) => privileged)
    .flatMap(({ name, commands }) => unpinned(commands).map((line) => `${name}: ${line.trim()}`));
  assert.deepEqual(found, []);
});

Deno.test("workflows: no job runs npx, and each has Deno by its hash before it runs it", () => {
  for (const { name, commands } of allJobs()) {
    assert.deepEqual(commands.filter((line) => /\bnpx\b/.test(line)), [], name);
    const first = commands.findIndex((line) => /(^|\s|\()deno\s+(task|run|install)\b/.test(line));
    if (first < 0) continue;
    const installed = commands.findIndex((line) => line.includes(".ci/install-deno"));
    assert.ok(installed >= 0 && installed < first, `${name} runs ${commands[first]}`);
  }
});

Deno.test("workflows: actions are taken by commit", () => {
  for (const { name, actions } of allJobs()) {
    for (const action of actions) assert.match(action, /@[0-9a-f]{40}$/, name);
  }
});

/** What the test above has to find; `run` is a step of a job that may write packages. */
const RUNS: readonly [run: string, found: boolean][] = [
  ["npx -y deno@2.9.6 task sbom", true],
  ["npx --yes cowsay", true],
  ["npm exec deno@2.9.6", true],
  ["npm install -g deno@2.9.6", true],
  ["npm i deno", true],
  ["npm ci --ignore-scripts", false],
  ["pip install zizmor==1.32.0", true],
  ["pip install \\\n  --require-hashes -r requirements.txt", false],
  ["go install example.org/tool@v1.2.3", true],
  ["(cd tools && go build ./tool)", false],
  ["deno run -A npm:cowsay", true],
  ["deno run deploy/main.ts", false],
  ["curl -fsSL https://deno.land/install.sh | sh", true],
  ["# npx is not run here", false],
  [".ci/hidden", true],
  [".ci/deeper", true],
  [".ci/beside", true],
  [".ci/message", false],
  ["cat .ci/none", false],
];

const SCRIPTS: Record<string, string> = {
  ".ci/hidden": "#!/bin/sh\nnpx -y deno task\n",
  ".ci/deeper": "#!/bin/sh\n.ci/hidden\n",
  ".ci/beside": '#!/bin/sh\n"$(dirname "${BASH_SOURCE[0]}")/hidden"\n',
  ".ci/message": "#!/bin/sh\n  cat >&2 <<TEXT\nTry curl -fsSL https://deno.land\nTEXT\n",
};

function workflow(run: string, permissions: unknown, env: unknown = {}): string {
  return JSON.stringify({ jobs: { job: { permissions, steps: [{ run, env }] } } });
}

for (const [run, found] of RUNS) {
  Deno.test(`workflows: ${JSON.stringify(run)} is ${found ? "" : "not "}by name alone`, () => {
    const text = workflow(run, { packages: "write" });
    const [job] = jobsOf("x.yml", text, (path) => SCRIPTS[path]);
    assert.equal(unpinned(job!.commands).length > 0, found);
  });
}

const PRIVILEGES: readonly [string, unknown, unknown, boolean][] = [
  ["nothing said", undefined, {}, true],
  ["a right to write", { contents: "read", packages: "write" }, {}, true],
  ["all rights", "write-all", {}, true],
  ["a secret", { contents: "read" }, { TOKEN: "${{ secrets.GITHUB_TOKEN }}" }, true],
  ["the job's token", {}, { TOKEN: "${{ github.token }}" }, true],
  ["rights to read", { contents: "read" }, {}, false],
  ["no rights", {}, {}, false],
];

for (const [name, permissions, env, privileged] of PRIVILEGES) {
  Deno.test(`workflows: a job with ${name} can ${privileged ? "" : "not "}publish`, () => {
    const [job] = jobsOf("x.yml", workflow("true", permissions, env), () => undefined);
    assert.equal(job!.privileged, privileged);
  });
}

Deno.test("workflows: the lock file has a hash for all of this very Deno", () => {
  assert.deepEqual(locked.dependencies, { deno: Deno.version.deno });
  const { "": root, ...packages } = lock.packages;
  assert.deepEqual(root.dependencies, locked.dependencies);
  const names = Object.keys(packages).map((path) => path.replace("node_modules/", ""));
  for (const name of ["deno", "@deno/linux-x64-glibc", "@deno/linux-arm64-glibc"]) {
    assert.ok(names.includes(name), name);
  }
  for (const { version, integrity } of Object.values(packages)) {
    assert.equal(version, Deno.version.deno);
    assert.match(integrity, /^sha512-[A-Za-z0-9+/]{86}==$/);
  }
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function script(path: string, args: readonly string[], cwd = ROOT): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: [`${ROOT}${path}`, ...args],
    cwd,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** The checksums that the script prints of a Dockerfile with this list. */
async function stubChecksums(list: string): Promise<Ended> {
  const directory = await Deno.makeTempDir({ prefix: "msi-acrpull-stub-" });
  try {
    const dockerfile = read("Dockerfile")!.replace(
      /^ARG DENORT_SHA256=.*$/m,
      `ARG DENORT_SHA256=${list}`,
    );
    await Deno.writeTextFile(`${directory}/Dockerfile`, dockerfile);
    return await script(".github/stub-checksums.sh", [], directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function withBash(name: string, fn: () => Promise<void>): void {
  Deno.test({ ...needing(`workflows: ${name}`, lackOfCommands(["bash"])), fn });
}

const [ONE, TWO] = ["1".repeat(64), "2".repeat(64)];

withBash("the stub's checksums are printed where both are there", async () => {
  const list = `amd64=${ONE},arm64=${TWO}`;
  assert.deepEqual(await stubChecksums(list), { code: 0, stdout: `${list}\n`, stderr: "" });
});

const LACKING: readonly [string, string][] = [
  ["", "amd64"],
  [`arm64=${TWO}`, "amd64"],
  [`amd64=${ONE}`, "arm64"],
  [`amd64=${ONE},arm64=${TWO}0`, "arm64"],
  [`amd64=${ONE},arm64=`, "arm64"],
];

for (const [list, architecture] of LACKING) {
  withBash(`no release begins with a stub unchecked: "${list}"`, async () => {
    const { code, stdout, stderr } = await stubChecksums(list);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(
      stderr,
      new RegExp(`^::error file=Dockerfile::ARG DENORT_SHA256 lacks ${architecture}=HASH, so `),
    );
  });
}

withBash("what a maintainer is told of the stub is what the guide says, and exact", async () => {
  const { stderr } = await stubChecksums("");
  const guide = read("deploy/image.md")!;
  const commands = stderr.match(/curl .*/g)!;
  assert.equal(commands.length, 2);
  for (const command of commands) {
    assert.ok(guide.includes(command), command);
    assert.ok(command.includes(`/v${Deno.version.deno}/denort-`), command);
  }
  assert.ok(guide.startsWith("# The image\n"));
  assert.ok(stderr.includes("deploy/image.md has more."));
});

Deno.test("workflows: a release asks for the stub's checksums before all else, and goes by them", () => {
  const jobs = allJobs().filter(({ name }) => name.startsWith("release.yml"));
  const [verify, image, , binaries] = jobs;
  assert.equal(verify!.commands[0], ".github/stub-checksums.sh");
  assert.ok(image!.commands.some((line) => line.includes("stub-checksums.sh")));
  assert.ok(binaries!.commands.some((line) => line.includes("$(.github/stub-checksums.sh)")));
  for (const { commands } of jobs) {
    for (const line of commands.filter((line) => /\bdeno task compile\b/.test(line))) {
      const whole = commands.slice(commands.indexOf(line), commands.indexOf(line) + 2).join(" ");
      assert.match(whole, /--denort-sha256 "\$checksums"/);
    }
  }
});
