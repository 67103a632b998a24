import { v1beta1BehaviourSuite } from "../suites/behaviour.ts";
import { goldenSuite } from "../suites/golden.ts";
import { kubectlSuite } from "../suites/kubectl.ts";
import { processSuite } from "../suites/process.ts";
import { inMemory } from "./gate.ts";

goldenSuite(inMemory, "v1-");
v1beta1BehaviourSuite(inMemory);
kubectlSuite(inMemory);
processSuite(inMemory);
