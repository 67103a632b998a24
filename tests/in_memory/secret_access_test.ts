import { secretAccessSuite } from "../suites/secret_access.ts";
import { inMemory } from "./gate.ts";

secretAccessSuite(inMemory);
