import { takeoverSuite } from "../suites/takeover.ts";
import { asOperator } from "./servers/as_operator.ts";
import { OPERATOR } from "./servers/manifests.ts";

// What another operator left is taken over under this installation's own policies too.
takeoverSuite(asOperator, { user: OPERATOR.user, keepsConditions: true });
