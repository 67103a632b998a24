import type { ServiceAccount } from "../../kubernetes/resources/built_in.ts";
import type { CacheReader, KeptObject } from "../../kubernetes/informer/informer.ts";
import type { LargeObjects } from "../../kubernetes/http/large_objects.ts";
import { resourcePath } from "../../kubernetes/resources/resource_path.ts";
import type {
  KubernetesObject,
  ObjectMeta,
  ResourceDefinition,
} from "../../kubernetes/resources/resource_client.ts";

/** What a cached object says of the one that it was made of. */
export interface Sized {
  /** It is far larger than any that serves its purpose. */
  readonly isLarge?: true;
}

/** An object with more text, in UTF-16 units, or more pieces of it is large. */
const MOST = { text: 32_768, pieces: 512 };

/** An entry of `managedFields` names the fields of one manager. */
const PIECES_OF_MANAGER = 16;

/** Whether an object is large, by the parts that others may make grow. */
export function isLarge(
  { metadata = {}, imagePullSecrets = [], secrets = [] }: KubernetesObject & ServiceAccount,
  texts: readonly (string | undefined)[] = [],
): boolean {
  const { annotations = {} } = metadata;
  if (piecesOf(metadata) + imagePullSecrets.length + secrets.length > MOST.pieces) return true;
  const names = [...imagePullSecrets, ...secrets].map(({ name }) => name);
  return lengthOf([...Object.values(annotations), ...names, ...texts]) > MOST.text;
}

function piecesOf(
  { annotations, labels, finalizers, ownerReferences, managedFields }: ObjectMeta,
): number {
  return countOf(annotations) + countOf(labels) + (finalizers?.length ?? 0) +
    (ownerReferences?.length ?? 0) + PIECES_OF_MANAGER * (managedFields?.length ?? 0);
}

function countOf(members: object | undefined): number {
  return members === undefined ? 0 : Object.keys(members).length;
}

function lengthOf(texts: readonly (string | undefined)[]): number {
  return texts.reduce((length, text) => length + (text?.length ?? 0), 0);
}

/** Has `largeObjects` know which objects of a cache are large. */
export function followLarge<K extends KeptObject & Sized>(
  cache: Pick<CacheReader<K>, "subscribe">,
  definition: ResourceDefinition,
  largeObjects: Pick<LargeObjects, "note">,
): void {
  const note = ({ metadata: { namespace, name } }: K, isLarge: boolean) =>
    largeObjects.note(resourcePath(definition, { namespace, name }), isLarge);
  cache.subscribe({
    changed: (object, previous) => {
      const { isLarge = false } = object;
      if (isLarge || previous?.isLarge) note(object, isLarge);
    },
    removed: (object) => {
      if (object.isLarge) note(object, false);
    },
  });
}
