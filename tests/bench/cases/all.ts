import type { Case } from "./case.ts";
import { coldCase } from "./cold.ts";
import { floorCase } from "./floor.ts";
import { growthCase } from "./growth.ts";
import { hostileObjectsCase } from "./hostile_objects.ts";
import { idleCase } from "./idle.ts";
import { memoryCase } from "./memory.ts";
import { noisyNamespaceCase } from "./noisy_namespace.ts";
import { refreshCase } from "./refresh.ts";
import { restartCase } from "./restart.ts";
import { rolloutCases } from "./rollout.ts";

/** Every case, in the order in which they run: later ones may build on earlier ones. */
export const CASES: readonly Case[] = [
  memoryCase,
  coldCase,
  floorCase,
  ...rolloutCases,
  idleCase,
  refreshCase,
  hostileObjectsCase,
  restartCase,
  noisyNamespaceCase,
  growthCase,
];
