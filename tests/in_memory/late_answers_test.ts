/**
 * The API server shows what was written, and tells watchers of it, before the writer has the answer.
 * On a busy machine that takes a while; here it takes one each time. A test that waits for the
 * cluster and then asserts what the operator said or counted must wait for the operator too.
 */
import { v1beta1BehaviourSuite } from "../suites/behaviour.ts";
import { secretAccessSuite } from "../suites/secret_access.ts";
import { v1beta2BehaviourSuite } from "../suites/v1beta2_behaviour.ts";
import { inMemory } from "./gate.ts";

const OPTIONS = { answerLagMs: 60 };

const late: typeof inMemory = (name, test) => inMemory(`answers come late: ${name}`, test);

v1beta1BehaviourSuite(late, OPTIONS);
v1beta2BehaviourSuite(late, OPTIONS);
secretAccessSuite(late, OPTIONS);
