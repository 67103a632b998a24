import type { FieldError } from "../model/errors.ts";
import { invalidValue } from "../model/field_errors.ts";
import { isObject, type Json } from "../model/json.ts";
import type { KubeObject } from "../model/object.ts";
import { textAt } from "../model/resource.ts";
import { kindSchema } from "../schema/object_meta.ts";
import { always, integer, microTime, object, pointer, text, time } from "../schema/schema.ts";
import { ageOf } from "../table/age.ts";
import { column } from "../table/columns.ts";
import { builtin, metadataFields } from "./define.ts";
import { OBJECT_REFERENCE } from "./references.ts";

const SOURCE = object({ component: text, host: text }, {
  ref: "io.k8s.api.core.v1.EventSource",
  emit: {},
});

const SERIES = object({ count: integer, lastObservedTime: microTime }, {
  ref: "io.k8s.api.core.v1.EventSeries",
  pointer: true,
});

function source(event: KubeObject): string {
  const component = textAt(event, "source", "component");
  const [name, where] = component === ""
    ? [textAt(event, "reportingComponent"), textAt(event, "reportingInstance")]
    : [component, textAt(event, "source", "host")];
  return where === "" ? name : `${name}, ${where}`;
}

function cells(event: KubeObject, now: number): Json[] {
  const kind = textAt(event, "involvedObject", "kind").toLowerCase();
  const name = textAt(event, "involvedObject", "name");
  const first = textAt(event, "firstTimestamp") || textAt(event, "eventTime");
  const series = isObject(event.series) ? event.series : undefined;
  const last = textAt(event, "series", "lastObservedTime") || textAt(event, "lastTimestamp") ||
    first;
  return [
    ageOf(last, now),
    textAt(event, "type"),
    textAt(event, "reason"),
    name === "" ? kind : `${kind}/${name}`,
    textAt(event, "involvedObject", "fieldPath"),
    source(event),
    textAt(event, "message").trim(),
    ageOf(first, now),
    series?.count ?? event.count ?? 1,
    event.metadata.name,
  ];
}

function validate(event: KubeObject): FieldError[] {
  const namespace = textAt(event, "involvedObject", "namespace");
  const own = event.metadata.namespace ?? "";
  const fits = namespace === own || (namespace === "" && own === "default");
  if (fits) return [];
  const why = "does not match event.namespace";
  return [invalidValue("involvedObject.namespace", namespace, why)];
}

const REFERENCE_FIELDS = [
  "kind",
  "namespace",
  "name",
  "uid",
  "apiVersion",
  "resourceVersion",
  "fieldPath",
];

function selectable(event: KubeObject): Record<string, string> {
  const involved = REFERENCE_FIELDS.map((field) =>
    [`involvedObject.${field}`, textAt(event, "involvedObject", field)] as const
  );
  return {
    ...metadataFields(event),
    ...Object.fromEntries(involved),
    reason: textAt(event, "reason"),
    reportingComponent: textAt(event, "reportingComponent"),
    source: textAt(event, "source", "component") || textAt(event, "reportingComponent"),
    type: textAt(event, "type"),
  };
}

/** core/v1 Event. */
export const EVENT = builtin({
  plural: "events",
  singular: "event",
  kind: "Event",
  shortNames: ["ev"],
  createOnUpdate: true,
  schema: kindSchema("io.k8s.api.core.v1.Event", {
    action: text,
    count: integer,
    eventTime: always(microTime, null),
    firstTimestamp: always(time, null),
    involvedObject: always(OBJECT_REFERENCE, {}),
    lastTimestamp: always(time, null),
    message: text,
    reason: text,
    related: pointer(OBJECT_REFERENCE),
    reportingComponent: always(text, ""),
    reportingInstance: always(text, ""),
    series: SERIES,
    source: SOURCE,
    type: text,
  }),
  columns: [
    column("Last Seen", "Time since the latest occurrence."),
    column("Type", "Normal or Warning."),
    column("Reason", "Why, as one word."),
    column("Object", "What the event is about."),
    column("Subobject", "Which part of the object.", { priority: 1 }),
    column("Source", "Who reports.", { priority: 1 }),
    column("Message", "Why, as a sentence."),
    column("First Seen", "Time since the first occurrence.", { priority: 1 }),
    column("Count", "Number of occurrences.", { priority: 1 }),
    column("Name", "Name of the event.", { priority: 1, format: "name" }),
  ],
  cells,
  selectableFields: selectable,
  strategy: { validate },
});
