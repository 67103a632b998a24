import { parseAllDocuments } from "yaml";
import * as v1beta1 from "../../src/api/v1beta1.ts";
import * as v1beta2 from "../../src/api/v1beta2.ts";
import { SERVICE_ACCOUNT } from "../../src/kubernetes/resources/built_in.ts";
import { apiVersionOf, type ResourceDefinition } from "../../src/kubernetes/resources/object.ts";

/** An object of a sample, with the resource that it belongs to. */
export interface Sample {
  readonly definition: ResourceDefinition;
  readonly object: Manifest;
}

/** An object as a file holds it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> };
}

const DEFINITIONS = [SERVICE_ACCOUNT, v1beta1.definition, v1beta2.definition];

/** The objects of the YAML files of a directory, in the order of the files' names. */
export async function readSamples(directory: string): Promise<Sample[]> {
  const texts = await readYamlFiles(directory);
  return texts.flatMap(({ file, text }) => parseManifests(file, text).map(toSample(file)));
}

/** The CustomResourceDefinitions of a directory. */
export async function readManifests(directory: string): Promise<Manifest[]> {
  const texts = await readYamlFiles(directory);
  return texts.flatMap(({ file, text }) => parseManifests(file, text));
}

/** The objects of one file; throws an Error that names it for what is none. */
export function parseManifests(file: string, text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`${file}: ${error.message}`, { cause: error });
    const value = document.toJS() as Partial<Manifest> | null;
    if (value?.apiVersion && value.kind && value.metadata?.name) return value as Manifest;
    throw new Error(`${file}: a document without apiVersion, kind and metadata.name`);
  });
}

async function readYamlFiles(directory: string): Promise<{ file: string; text: string }[]> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(directory)) {
    if (name.endsWith(".yaml")) files.push(`${directory}/${name}`);
  }
  return await Promise.all(
    files.sort().map(async (file) => ({ file, text: await Deno.readTextFile(file) })),
  );
}

function toSample(file: string): (object: Manifest) => Sample {
  return (object) => {
    const definition = DEFINITIONS.find((candidate) =>
      candidate.kind === object.kind && apiVersionOf(candidate) === object.apiVersion
    );
    if (definition !== undefined) return { definition, object };
    throw new Error(`${file}: ${object.apiVersion} ${object.kind} has no place in a sample`);
  };
}
