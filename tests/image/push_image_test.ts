import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { lackOfCommands } from "./commands.ts";
import { needing } from "../suites/needing.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** What Deno's runtime stub must be, in whatever way the Dockerfile says it so far. */
const CHECKSUMS = `amd64=${"1".repeat(64)},arm64=${"2".repeat(64)}`;
const DOCKERFILE = filled(CHECKSUMS);
const NEWEST = `sha256:${"7".repeat(64)}`;
const PUSHED = `sha256:${"9".repeat(64)}`;

/** The Dockerfile with these checksums. */
function filled(checksums: string): string {
  return Deno.readTextFileSync(`${ROOT}/Dockerfile`)
    .replace(/^ARG DENORT_SHA256=.*$/m, `ARG DENORT_SHA256=${checksums}`);
}

/** What the Dockerfile takes an argument for by default. */
function defaultOf(argument: string, dockerfile = DOCKERFILE): string {
  const value = new RegExp(`^ARG ${argument}=(\\S+)$`, "m").exec(dockerfile)?.[1];
  assert.ok(value, `the Dockerfile gives no default for ${argument}`);
  return value;
}

Deno.test("image: every image that the Dockerfile starts from is an argument with a digest", () => {
  const images = [...DOCKERFILE.matchAll(/^FROM (?:--platform=\S+ )?(\S+)/gm)].map(([, from]) =>
    from
  );
  assert.deepEqual(images, ["${BUILD_IMAGE}", "${BASE_IMAGE}"]);
  assert.match(
    defaultOf("BUILD_IMAGE"),
    new RegExp(`^docker\\.io/denoland/deno:debian-${Deno.version.deno}@sha256:[0-9a-f]{64}$`),
  );
  assert.match(
    defaultOf("BASE_IMAGE"),
    /^gcr\.io\/distroless\/cc-debian12:nonroot@sha256:[0-9a-f]{64}$/,
  );
  assert.doesNotMatch(DOCKERFILE, /^# *syntax=/m, "its frontend would be an image by tag");
});

/** Answers as docker does of images that have these platforms, and notes what it was asked for. */
function fakeDocker(platforms: readonly string[]): string {
  const manifests = platforms.map((name) => {
    const [os, architecture] = name.split("/");
    return { platform: { os, architecture } };
  });
  const index = JSON.stringify(platforms.length === 0 ? { config: {} } : { manifests });
  return `#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
  *--raw) echo '${index}' ;;
  *--format*) echo ${NEWEST} ;;
  "buildx build"*) echo '{"containerimage.digest":"${PUSHED}"}' >metadata.json ;;
esac
`;
}

interface Outcome {
  readonly code: number;
  readonly stderr: string;
  /** Build arguments that name images. */
  readonly images: readonly string[];
  /** The build argument that says what Deno's runtime stub must be. */
  readonly stub: string | undefined;
  readonly output: string;
}

async function push(
  { dockerfile = DOCKERFILE, platforms = BOTH, args = [] }: {
    readonly dockerfile?: string;
    readonly platforms?: readonly string[];
    readonly args?: readonly string[];
  },
): Promise<Outcome> {
  const directory = await Deno.makeTempDir({ prefix: "msi-acrpull-push-" });
  try {
    await Deno.mkdir(`${directory}/bin`);
    await Deno.writeTextFile(`${directory}/Dockerfile`, dockerfile);
    await Deno.writeTextFile(`${directory}/calls`, "");
    await Deno.writeTextFile(`${directory}/output`, "");
    await Deno.writeTextFile(`${directory}/bin/docker`, fakeDocker(platforms), { mode: 0o755 });
    const { code, stderr } = await new Deno.Command("bash", {
      args: [`${ROOT}/.github/push-image.sh`, "r.example/a:v1", "1.0.0", "abc", ...args],
      cwd: directory,
      env: {
        PATH: `${directory}/bin:${Deno.env.get("PATH")}`,
        CALLS: `${directory}/calls`,
        GITHUB_OUTPUT: `${directory}/output`,
      },
      stdin: "null",
    }).output();
    const calls = await Deno.readTextFile(`${directory}/calls`);
    return {
      code,
      stderr: new TextDecoder().decode(stderr),
      images: [...calls.matchAll(/--build-arg (\w+_IMAGE=\S+)/g)].map(([, argument]) => argument!),
      stub: /--build-arg (DENORT_SHA256=\S+)/.exec(calls)?.[1],
      output: await Deno.readTextFile(`${directory}/output`),
    };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function withScript(name: string, fn: () => Promise<void>): void {
  Deno.test({ ...needing(`image: ${name}`, lackOfCommands(["bash", "jq"])), fn });
}

const BOTH = ["linux/amd64", "linux/arm64", "unknown/unknown"];

withScript("a release is built on the digests of the Dockerfile", async () => {
  assert.deepEqual(await push({}), {
    code: 0,
    stderr: "",
    images: ["BUILD_IMAGE", "BASE_IMAGE"].map((name) => `${name}=${defaultOf(name)}`),
    stub: `DENORT_SHA256=${CHECKSUMS}`,
    output: `digest=${PUSHED}\nbase=${defaultOf("BASE_IMAGE")}\n`,
  });
});

withScript("a rebuild takes the base's newest digest, and the same Deno", async () => {
  const { code, images, output } = await push({ args: ["newest"] });
  assert.equal(code, 0);
  const base = `gcr.io/distroless/cc-debian12:nonroot@${NEWEST}`;
  assert.equal(output, `digest=${PUSHED}\nbase=${base}\n`);
  assert.deepEqual(images, [
    `BUILD_IMAGE=${defaultOf("BUILD_IMAGE")}`,
    `BASE_IMAGE=${base}`,
  ]);
});

const REFUSED: readonly [string, Parameters<typeof push>[0], RegExp][] = [
  [
    "a stub that nobody has said what it must be",
    { dockerfile: filled("") },
    /^::error file=Dockerfile::ARG DENORT_SHA256 lacks amd64=HASH, .* A maintainer fills it in/,
  ],
  [
    "a stub that is known for one architecture",
    { dockerfile: filled(CHECKSUMS.replace(/,.*/, "")) },
    /^::error file=Dockerfile::ARG DENORT_SHA256 lacks arm64=HASH, /,
  ],
  [
    "a base without a digest",
    { dockerfile: DOCKERFILE.replace(/^(ARG BASE_IMAGE=[^@]+)@.*$/m, "$1") },
    /^gcr\.io\/distroless\/cc-debian12:nonroot has no digest: write one/,
  ],
  [
    "a build image without a digest",
    { dockerfile: DOCKERFILE.replace(/^(ARG BUILD_IMAGE=[^@]+)@.*$/m, "$1") },
    /^docker\.io\/denoland\/deno:debian-[\d.]+ has no digest: write one/,
  ],
  ["an image for one architecture", { platforms: [] }, /is not made for linux\/amd64: give/],
  ["an index that lacks one", { platforms: ["linux/amd64"] }, /is not made for linux\/arm64: give/],
];

for (const [name, given, message] of REFUSED) {
  withScript(`no release is built on ${name}`, async () => {
    const { code, stderr, images, output } = await push(given);
    assert.match(stderr, message);
    assert.deepEqual({ code, images, output }, { code: 1, images: [], output: "" });
  });
}
