import { goldenSuite } from "../suites/golden.ts";
import { v1beta2BehaviourSuite } from "../suites/v1beta2_behaviour.ts";
import { asOperator, asOperatorOfAnyAudience } from "./servers/as_operator.ts";
import { OPERATOR } from "./servers/manifests.ts";

goldenSuite(asOperator, "v2-", { user: OPERATOR.user });
goldenSuite(asOperator, "both-", { user: OPERATOR.user });
v1beta2BehaviourSuite(asOperatorOfAnyAudience, { user: OPERATOR.user });
