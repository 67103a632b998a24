import { APIS } from "../../src/controller/binding/apis.ts";

/** The groups of the bindings' APIs, in the order in which these came about. */
export const BINDING_GROUPS: readonly string[] = APIS.all.map(({ definition }) => definition.group);
