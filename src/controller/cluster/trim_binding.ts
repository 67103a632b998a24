import { LONGEST_WHOLE } from "../../runtime/masking/brief.ts";
import { ELLIPSIS, start } from "../../runtime/text/cut.ts";
import { optional } from "../../runtime/optional.ts";
import { shareText } from "../../runtime/text/shared_text.ts";
import type { Stored } from "../../kubernetes/resources/resource_client.ts";
import type { AcrPullBinding, BindingApi, CachedBinding } from "../binding/api.ts";
import { isOurCondition } from "../binding/kept.ts";
import type { BindingStatus, Condition } from "../binding/view.ts";
import { FINALIZER } from "../conventions.ts";
import { boundedSpec, isSameSpec, specShape } from "./bounded_spec.ts";
import { isLarge, type Sized } from "./large.ts";

/** What others write is kept up to so many texts of so many UTF-16 units together. */
const MOST_OF_OTHERS = { texts: 64, length: 4096 };
/** No time is longer. */
const LONGEST_TIME = 64;

/**
 * Makes of a binding what is kept of it: all that a view is made of, bounded whatever its CRD
 * admits. Annotations go, of which kubectl's own holds the whole object once more. `maxLengths` are
 * those of the binding's API. A spec that is as it was is the same object as before, so that what was
 * understood of it still holds.
 */
export function bindingKeeper(
  { maxLengths }: Pick<BindingApi, "maxLengths">,
): (binding: Stored<AcrPullBinding>, previous?: CachedBinding) => CachedBinding & Sized {
  const shape = specShape(maxLengths);
  return (binding, previous) => {
    const { metadata, spec, status } = binding;
    const { name, namespace, uid, resourceVersion } = metadata;
    const told = status as BindingStatus | undefined;
    const asked = boundedSpec(spec, shape);
    const isAsBefore = asked.overlong.length === 0 && previous?.overlong === undefined &&
      isSameSpec(asked.spec, previous?.spec, shape);
    const others = othersOf(told?.conditions ?? []);
    const isComplete = areFew(metadata.finalizers ?? []) && areFew(others.flatMap(textsOf));
    const kept = {
      metadata: {
        name,
        namespace: shareText(namespace),
        uid,
        resourceVersion,
        ...optional("generation", metadata.generation),
        ...optional("deletionTimestamp", metadata.deletionTimestamp),
        ...optional("finalizers", keptFinalizers(metadata.finalizers)),
      },
      ...optional("spec", isAsBefore ? previous?.spec : asked.spec),
      ...optional("status", told && keptStatus(told)),
      ...(asked.overlong.length === 0 ? {} : { overlong: asked.overlong }),
      ...(isComplete ? {} : { isIncomplete: true }),
      ...(isLarge(binding) ? { isLarge: true } : {}),
    };
    return kept as unknown as CachedBinding & Sized;
  };
}

function keptFinalizers(finalizers: readonly string[] | undefined): readonly string[] | undefined {
  if (finalizers === undefined || areFew(finalizers)) return finalizers;
  return finalizers.filter((finalizer) => finalizer === FINALIZER).slice(0, 1);
}

function keptStatus(status: BindingStatus): BindingStatus {
  const { observedGeneration, lastTokenRefreshTime, tokenExpirationTime, error, conditions } =
    status;
  return {
    ...optional("observedGeneration", observedGeneration),
    ...optional("lastTokenRefreshTime", bounded(lastTokenRefreshTime, LONGEST_TIME)),
    ...optional("tokenExpirationTime", bounded(tokenExpirationTime, LONGEST_TIME)),
    ...optional("error", bounded(error, LONGEST_WHOLE)),
    ...optional("conditions", conditions && keptConditions(conditions)),
  };
}

function keptConditions(conditions: readonly Condition[]): readonly Condition[] {
  const fewOthers = areFew(othersOf(conditions).flatMap(textsOf));
  return conditions.filter((condition) =>
    // One of that type which is longer than any that the operator writes is written anew.
    isOurCondition(condition) ? textsOf(condition).every(isShort) : fewOthers
  ).map(withSharedTexts);
}

/** The message names the binding's own Secret, and is nobody else's. */
function withSharedTexts(condition: Condition): Condition {
  const { type, status, reason, lastTransitionTime } = condition;
  return {
    ...condition,
    type: shareText(type),
    status: shareText(status),
    reason: shareText(reason),
    lastTransitionTime: shareText(lastTransitionTime),
  };
}

function othersOf(conditions: readonly Condition[]): readonly Condition[] {
  return conditions.filter((condition) => !isOurCondition(condition));
}

function textsOf(condition: Condition): readonly string[] {
  return Object.values(condition).filter((value) => typeof value === "string");
}

function isShort({ length }: string): boolean {
  return length <= LONGEST_WHOLE;
}

function areFew(texts: readonly string[]): boolean {
  return texts.length <= MOST_OF_OTHERS.texts &&
    texts.reduce((length, text) => length + text.length, 0) <= MOST_OF_OTHERS.length;
}

function bounded(text: string | undefined, longest: number): string | undefined {
  if (text === undefined || text.length <= longest) return shareText(text);
  return start(text, LONGEST_TIME - ELLIPSIS.length) + ELLIPSIS;
}
