import { BINDING_LABEL } from "../../conventions.ts";
import type { FieldPath } from "./action_handler.ts";

/** The label of a Secret. */
export const LABEL_FIELD: FieldPath = ["f:metadata", "f:labels", `f:${BINDING_LABEL}`];
