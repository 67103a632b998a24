/** The kinds of `Action`, by which a failure tells what failed. */
export type ActionKind =
  | "addFinalizer"
  | "removeFinalizer"
  | "inspectSecret"
  | "mint"
  | "adoptSecret"
  | "addReference"
  | "removeReferences"
  | "deleteSecret"
  | "writeStatus";
