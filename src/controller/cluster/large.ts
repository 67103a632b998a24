import type { CacheReader, KeptObject } from "../../kubernetes/informer/informer.ts";
import type { LargeObjects } from "../../kubernetes/http/large_objects.ts";
import { bytesOfLarge } from "../../kubernetes/http/measured.ts";
import { resourcePath } from "../../kubernetes/resources/resource_path.ts";
import type {
  KubernetesObject,
  ResourceDefinition,
} from "../../kubernetes/resources/resource_client.ts";

/** What a cached object says of the one that it was made of. */
export interface Sized {
  /** It is far larger than any that serves its purpose. */
  readonly isLarge?: true;
}

/** Whether an object is large, by the JSON that it was read from, wherever in it that may be. */
export function isLarge(object: KubernetesObject): boolean {
  return bytesOfLarge(object) !== undefined;
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
