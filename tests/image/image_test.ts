import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { permissionFlags } from "../../deploy/executable/permissions.ts";
import { Buildah, lackOfBuildah } from "./buildah.ts";
import { makeStandIns, type StandIns } from "./stand_ins.ts";
import { needing } from "../suites/needing.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const MIB = 1024 * 1024;

/** The part of `buildah inspect` that matters here. */
interface Inspected {
  OCIv1: {
    architecture: string;
    config: {
      User: string;
      Entrypoint: string[];
      Cmd?: string[];
      Env?: string[];
      Labels: Record<string, string>;
    };
  };
}

async function build(buildah: Buildah, images: StandIns, ...args: string[]): Promise<string> {
  await buildah.run(
    ...["build", "--pull-never", "--layers=false", "--tag", "localhost/manager"],
    ...["--build-arg", `BUILD_IMAGE=${images.build}`, "--build-arg", `BASE_IMAGE=${images.base}`],
    ...args,
    PROJECT,
  );
  return "localhost/manager";
}

/** That a file is what executables of both architectures must begin with. */
async function checksums(path: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  const checksum = new Uint8Array(digest).toHex();
  return `amd64=${checksum},arm64=${checksum}`;
}

/** Every file of an image with its size, mode and owner, by path. */
async function filesOf(buildah: Buildah, image: string) {
  const container = await buildah.run("from", "--pull-never", image);
  const root = await buildah.run("mount", container);
  const files = new Map<string, { size: number; mode: number; owner: string }>();
  const walk = async (directory: string): Promise<void> => {
    for await (const entry of Deno.readDir(root + directory)) {
      const path = `${directory}/${entry.name}`;
      if (entry.isDirectory) await walk(path);
      else {
        const { size, mode, uid, gid } = await Deno.lstat(root + path);
        files.set(path, { size, mode: mode! & 0o7777, owner: `${uid}:${gid}` });
      }
    }
  };
  await walk("");
  return { root, files, container };
}

/** What `deno compile` wrote about an executable into it. */
async function metadataOf(executable: string): Promise<Record<string, unknown>> {
  const bytes = await Deno.readFile(executable);
  const text = new TextDecoder("latin1").decode(bytes.subarray(-2 * MIB));
  const start = text.lastIndexOf('{"argv":');
  assert.ok(start >= 0, "the executable holds no metadata of deno compile");
  let depth = 0;
  for (let end = start; end < text.length; end++) {
    if (text[end] === "{") depth++;
    if (text[end] === "}" && --depth === 0) return JSON.parse(text.slice(start, end + 1));
  }
  throw new Error("the metadata has no end");
}

/** `--allow-net=a,b` as `["allow_net", ["a", "b"]]`. */
function granted(flags: readonly string[]): Record<string, string[]> {
  return Object.fromEntries(
    flags.filter((flag) => flag.includes("=")).map((flag) => {
      const [name, values] = flag.split("=");
      return [name!.slice(2).replaceAll("-", "_"), values!.split(",")];
    }),
  );
}

/**
 * Proves that the Dockerfile builds from a clean context and what the image then is and holds. What
 * it cannot prove here: that the pulled base images suit, and that Deno's runtime stub, in whose
 * place Deno itself stands, starts the program.
 */
Deno.test({
  ...needing(
    "image: built by its Dockerfile, it holds the executable and nothing else, for uid 1000",
    lackOfBuildah(),
  ),
  fn: async () => {
    await using buildah = await Buildah.create();
    const images = await makeStandIns(buildah, PROJECT);
    const image = await build(
      buildah,
      images,
      ...["--build-arg", `VERSION=${config.version}`, "--build-arg", `COMMIT=${COMMIT}`],
      ...["--build-arg", "ALLOW_HOSTS=login.example:443,*.registry.example:443"],
      ...["--build-arg", `DENORT_SHA256=${await checksums(Deno.execPath())}`],
    );
    await assert.rejects(
      build(buildah, images, "--build-arg", `DENORT_SHA256=${await checksums("/dev/null")}`),
      /the executable is not to be used/,
    );
    const { OCIv1: { config: inspected } } = JSON.parse(
      await buildah.run("inspect", "--type", "image", image),
    ) as Inspected;
    const { "io.buildah.version": _, ...labels } = inspected.Labels;
    assert.deepEqual({ ...inspected, Labels: labels, Env: undefined }, {
      User: "1000:3000",
      Entrypoint: ["/manager"],
      Env: undefined,
      Labels: {
        "org.opencontainers.image.title": "msi-acrpull",
        "org.opencontainers.image.description":
          "Keeps image pull secrets for Azure Container Registries fresh",
        "org.opencontainers.image.source": "https://github.com/msi-acrpull/deno",
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.version": config.version,
        "org.opencontainers.image.revision": COMMIT,
      },
    });

    const [{ files: base }, { files, root, container }] = [
      await filesOf(buildah, images.base),
      await filesOf(buildah, image),
    ];
    const added = [...files].filter(([path]) => !base.has(path));
    assert.deepEqual(added.map(([path]) => path), ["/manager"]);
    const manager = files.get("/manager")!;
    assert.deepEqual({ mode: manager.mode, owner: manager.owner }, { mode: 0o755, owner: "0:0" });
    assert.ok(manager.size < 110 * MIB, `the executable has ${manager.size / MIB} MiB`);

    const metadata = await metadataOf(`${root}/manager`);
    const permissions = Object.entries(metadata.permissions as Record<string, unknown>)
      .filter(([, value]) => value !== null);
    assert.deepEqual(Object.fromEntries(permissions), {
      ...granted(permissionFlags({ hosts: ["login.example:443", "*.registry.example:443"] })),
      prompt: false,
    });
    // The stand-in for the stub runs with the base's libraries, as the very user of the image.
    const ran = await buildah.run(
      "run",
      "--user=1000:3000",
      container,
      "--",
      "/manager",
      "--version",
    );
    assert.match(ran, /^deno 2\.9\.6/);
  },
});
