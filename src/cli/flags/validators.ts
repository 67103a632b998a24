import { faultOfClientId, faultOfResourceId } from "../../azure/identity.ts";
import { cleanPath } from "../../azure/identity.ts";
import { faultOfServer } from "../../azure/registry.ts";
import type { Validators } from "./environment_options.ts";

/** The rules for defaults from the environment are those for a binding's own fields. */
export const VALIDATORS: Validators = {
  validateServer: faultOfServer,
  validateClientId: faultOfClientId,
  validateResourceId: (value) => faultOfResourceId(cleanPath(value)),
};
