import { v1beta1BehaviourSuite } from "../suites/behaviour.ts";
import { goldenSuite } from "../suites/golden.ts";
import { kubectlSuite } from "../suites/kubectl.ts";
import { processSuite } from "../suites/process.ts";
import { asOperator } from "./servers/as_operator.ts";
import { OPERATOR } from "./servers/manifests.ts";

goldenSuite(asOperator, "v1-", { user: OPERATOR.user });
v1beta1BehaviourSuite(asOperator, { user: OPERATOR.user });
kubectlSuite(asOperator, { user: OPERATOR.user });
processSuite(asOperator, { user: OPERATOR.user });
