import { othersSuite } from "../suites/others.ts";
import { asOperator } from "./servers/as_operator.ts";
import { OPERATOR } from "./servers/manifests.ts";
import { hookIntoPlane } from "./servers/webhook.ts";

othersSuite(asOperator, hookIntoPlane, { user: OPERATOR.user });
