import type { FieldError } from "./errors.ts";
import { forbiddenField, invalidValue, required, tooLong } from "./field_errors.ts";
import { type Json } from "./json.ts";
import { labelKeyErrors, labelValueErrors, qualifiedNameErrors, subdomainErrors } from "./names.ts";
import type { KubeObject, ObjectMeta, OwnerReference } from "./object.ts";

const ANNOTATION_LIMIT = 256 * 1024;
const STANDARD_FINALIZERS = new Set(["orphan", "foregroundDeletion", "kubernetes"]);

/** What is wrong with the metadata of an object to be created. */
export function validateMetadata(
  object: KubeObject,
  nameErrors: (name: string) => string[],
): FieldError[] {
  const meta = object.metadata;
  return [
    ...validateName(meta, nameErrors),
    ...validateLabels(meta.labels ?? {}),
    ...validateAnnotations(meta.annotations ?? {}),
    ...(meta.ownerReferences ?? []).flatMap(validateOwner),
    ...validateControllers(meta.ownerReferences ?? []),
    ...validateFinalizers(meta.finalizers ?? []),
  ];
}

function validateName(meta: ObjectMeta, nameErrors: (name: string) => string[]): FieldError[] {
  if (meta.generateName !== undefined) {
    const errors = nameErrors(meta.generateName.replace(/[-.]$/, "a"));
    if (errors.length > 0) {
      return errors.map((why) => invalidValue("metadata.generateName", meta.generateName!, why));
    }
  }
  if (meta.name === "") {
    return [required("metadata.name", "name or generateName is required")];
  }
  return nameErrors(meta.name).map((why) => invalidValue("metadata.name", meta.name, why));
}

function validateLabels(labels: Record<string, string>): FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...labelKeyErrors(key).map((why) => invalidValue("metadata.labels", key, why)),
    ...labelValueErrors(value).map((why) => invalidValue("metadata.labels", value, why)),
  ]);
}

function validateAnnotations(annotations: Record<string, string>): FieldError[] {
  const errors = Object.keys(annotations).flatMap((key) =>
    qualifiedNameErrors(key.toLowerCase()).map((why) =>
      invalidValue("metadata.annotations", key, why)
    )
  );
  const size = Object.entries(annotations).reduce((sum, [k, v]) => sum + k.length + v.length, 0);
  if (size > ANNOTATION_LIMIT) errors.push(tooLong("metadata.annotations", ANNOTATION_LIMIT));
  return errors;
}

function validateOwner(owner: OwnerReference): FieldError[] {
  const field = "metadata.ownerReferences";
  const errors: FieldError[] = [];
  if (owner.apiVersion === "") {
    errors.push(invalidValue(`${field}.apiVersion`, "", "version must not be empty"));
  }
  for (const name of ["kind", "name", "uid"] as const) {
    if (owner[name] === "") {
      errors.push(invalidValue(`${field}.${name}`, "", "must not be empty"));
    }
  }
  return errors;
}

function validateControllers(owners: OwnerReference[]): FieldError[] {
  const controllers = owners.filter((owner) => owner.controller === true);
  if (controllers.length < 2) return [];
  const [first, second] = controllers.map((owner) => `${owner.kind}/${owner.name}`);
  const why =
    `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`;
  return [invalidValue("metadata.ownerReferences", owners as unknown as Json, why)];
}

function validateFinalizers(finalizers: string[]): FieldError[] {
  const errors = finalizers.flatMap((name, i) => {
    const field = `metadata.finalizers[${i}]`;
    const unfit = qualifiedNameErrors(name).map((why) => invalidValue(field, name, why));
    if (unfit.length > 0 || name.includes("/") || STANDARD_FINALIZERS.has(name)) return unfit;
    const why = "name is neither a standard finalizer name nor is it fully qualified";
    return subdomainErrors(name).length === 0 && name.includes(".")
      ? []
      : [invalidValue(field, name, why)];
  });
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    const why = "finalizer orphan and foregroundDeletion cannot be both set";
    errors.push(invalidValue("metadata.finalizers", finalizers, why));
  }
  return errors;
}

/** What an update does to the metadata that it must not. */
export function validateMetadataUpdate(object: KubeObject, old: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const meta = object.metadata;
  if (old.metadata.deletionTimestamp !== undefined) {
    const before = new Set(old.metadata.finalizers ?? []);
    const added = (meta.finalizers ?? []).filter((name) => !before.has(name));
    if (added.length > 0) {
      const list = `[]string{${added.map((name) => JSON.stringify(name)).join(", ")}}`;
      errors.push(forbiddenField(
        "metadata.finalizers",
        `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`,
      ));
    }
  }
  for (const field of ["name", "namespace", "uid", "creationTimestamp"] as const) {
    if (meta[field] !== old.metadata[field]) {
      errors.push(
        invalidValue(`metadata.${field}`, meta[field] ?? "", "field is immutable"),
      );
    }
  }
  return errors;
}
