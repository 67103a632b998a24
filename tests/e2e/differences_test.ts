import { audienceSuite } from "../suites/audience.ts";
import { differencesSuite } from "../suites/differences.ts";
import { asOperator } from "./servers/as_operator.ts";
import { OPERATOR } from "./servers/manifests.ts";

differencesSuite(asOperator, { user: OPERATOR.user });
audienceSuite(asOperator, { user: OPERATOR.user });
