import { kubeletLookupSuite } from "../suites/kubelet_lookup.ts";
import { inMemory } from "./gate.ts";

kubeletLookupSuite(inMemory);
