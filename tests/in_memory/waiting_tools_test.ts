import { waitingToolsSuite } from "../suites/waiting_tools.ts";
import { inMemory } from "./gate.ts";

waitingToolsSuite(inMemory);
