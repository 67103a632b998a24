import type { ResourceType } from "../model/resource.ts";
import { CONFIG_MAP } from "./config_map.ts";
import { CUSTOM_RESOURCE_DEFINITION } from "./custom_resource_definition.ts";
import { EVENT } from "./event.ts";
import { LEASE } from "./lease.ts";
import { NAMESPACE } from "./namespace.ts";
import { SECRET } from "./secret.ts";
import { SERVICE_ACCOUNT } from "./service_account.ts";

/** Every kind the server has before a CustomResourceDefinition is applied. */
export const BUILTINS: readonly ResourceType[] = [
  CONFIG_MAP,
  EVENT,
  NAMESPACE,
  SECRET,
  SERVICE_ACCOUNT,
  LEASE,
  CUSTOM_RESOURCE_DEFINITION,
];
