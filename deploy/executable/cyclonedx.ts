import { optional } from "../../src/runtime/optional.ts";
import type { NpmPackage } from "./packages.ts";

/** What the image is made of. */
export interface Ingredients {
  readonly version: string;
  readonly commit?: string;
  readonly denoVersion: string;
  /** NAME:TAG@sha256:... */
  readonly baseImage: string;
  readonly packages: readonly NpmPackage[];
}

/** A component of CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/#components. */
export interface Component {
  readonly type: "container" | "library" | "platform";
  readonly "bom-ref": string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly { readonly license: { readonly id: string } }[];
  readonly cpe?: string;
  readonly purl: string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

/** A software bill of materials, without time and serial number, so that it can be made again. */
export interface Bill {
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly version: 1;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
  /** Of what the parts are named, and of what they are not. */
  readonly compositions: readonly {
    readonly aggregate: "complete" | "incomplete";
    readonly dependencies: readonly string[];
  }[];
}

const IMAGE = /^(?<name>[^@]+?)(?::(?<tag>[\w.-]+))?@(?<digest>sha256:[0-9a-f]{64})$/;
const ALGORITHMS: Readonly<Record<string, string>> = { sha512: "SHA-512", sha1: "SHA-1" };

/** Throws an Error where the base image has no digest, or a hash is of an unknown kind. */
export function bill({ version, commit, denoVersion, baseImage, packages }: Ingredients): Bill {
  const image = program(version, commit);
  const platform = deno(denoVersion);
  const base = baseComponent(baseImage);
  const libraries = packages.map(library);
  const parts = [...libraries, platform, base];
  const references = new Map<string, string>(
    packages.map(({ name, version }, index) =>
      [`${name}@${version}`, libraries[index]!["bom-ref"]] as const
    ),
  );
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: image },
    components: parts,
    dependencies: [
      { ref: image["bom-ref"], dependsOn: parts.map((part) => part["bom-ref"]) },
      ...packages.map(({ name, version, dependencies }) => ({
        ref: references.get(`${name}@${version}`)!,
        dependsOn: dependencies.map((each) => references.get(each)!),
      })),
    ],
    compositions: [
      {
        aggregate: "complete",
        dependencies: [image, ...libraries].map((each) => each["bom-ref"]),
      },
      { aggregate: "incomplete", dependencies: [platform["bom-ref"], base["bom-ref"]] },
    ],
  };
}

function program(version: string, commit: string | undefined): Component {
  const purl = `pkg:github/msi-acrpull/deno@v${version}`;
  return {
    type: "container",
    "bom-ref": purl,
    name: "msi-acrpull",
    version,
    licenses: [{ license: { id: "MIT" } }],
    purl,
    ...(commit === undefined
      ? {}
      : { properties: [{ name: "org.opencontainers.image.revision", value: commit }] }),
  };
}

function library({ name, version, integrity }: NpmPackage): Component {
  const [, group, bare] = /^(?:(@[^/]+)\/)?(.+)$/.exec(name)!;
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return {
    type: "library",
    "bom-ref": purl,
    ...optional("group", group),
    name: bare!,
    version,
    hashes: [hash(integrity)],
    purl,
  };
}

/** From Subresource Integrity's form to hexadecimal digits. */
function hash(integrity: string): { alg: string; content: string } {
  const [algorithm = "", content = ""] = integrity.split(/-(.*)/s);
  const alg = ALGORITHMS[algorithm];
  if (alg !== undefined) return { alg, content: Uint8Array.fromBase64(content).toHex() };
  throw new Error(`"${integrity}" is of an unknown kind: write sha512- or sha1- with base64`);
}

function deno(version: string): Component {
  const purl = `pkg:github/denoland/deno@v${version}`;
  return {
    type: "platform",
    "bom-ref": purl,
    name: "deno",
    version,
    licenses: [{ license: { id: "MIT" } }],
    cpe: `cpe:2.3:a:deno:deno:${version}:*:*:*:*:*:*:*`,
    purl,
  };
}

/** Its purl is of type oci, by the digest: https://github.com/package-url/purl-spec. */
function baseComponent(image: string): Component {
  const { name, tag, digest } = IMAGE.exec(image)?.groups ?? {};
  if (name === undefined || digest === undefined) {
    throw new Error(`"${image}" has no digest: write NAME:TAG@sha256:...`);
  }
  const query = new URLSearchParams({ repository_url: name, ...(tag ? { tag } : {}) });
  const short = name.slice(name.lastIndexOf("/") + 1);
  const purl = `pkg:oci/${short}@${encodeURIComponent(digest)}?${query}`;
  return {
    type: "container",
    "bom-ref": purl,
    name,
    version: digest,
    hashes: [{ alg: "SHA-256", content: digest.slice("sha256:".length) }],
    purl,
  };
}
