import { leadershipSuite } from "../suites/leadership.ts";
import { refusalSuite } from "../suites/refusals.ts";
import { asOperator } from "./servers/as_operator.ts";
import { OPERATOR } from "./servers/manifests.ts";

leadershipSuite(asOperator, { user: OPERATOR.user, namespace: OPERATOR.namespace });
refusalSuite(asOperator);
