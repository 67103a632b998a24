import { selectionSuite } from "../suites/selection.ts";
import { settlingSuite } from "../suites/settling.ts";
import { asOperator } from "./servers/as_operator.ts";
import { OPERATOR } from "./servers/manifests.ts";

settlingSuite(asOperator, { user: OPERATOR.user });
selectionSuite(asOperator, { user: OPERATOR.user });
