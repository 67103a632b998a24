import { denialSuite } from "../suites/denials.ts";
import { othersSuite } from "../suites/others.ts";
import { inMemory } from "./gate.ts";
import { hookIntoMemory } from "./hook.ts";

othersSuite(inMemory, hookIntoMemory);
denialSuite(inMemory, hookIntoMemory);
