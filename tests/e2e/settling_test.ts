import { earlyReferencesSuite } from "../suites/early_references.ts";
import { selectionSuite } from "../suites/selection.ts";
import { settlingSuite } from "../suites/settling.ts";
import { asOperator } from "./servers/as_operator.ts";
import { OPERATOR } from "./servers/manifests.ts";

settlingSuite(asOperator, { user: OPERATOR.user });
selectionSuite(asOperator, { user: OPERATOR.user });
earlyReferencesSuite(asOperator, { user: OPERATOR.user });
