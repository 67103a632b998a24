import type { Core } from "../core.ts";
import type { WriteOptions } from "../http/options.ts";
import { ApiError } from "../model/errors.ts";
import type { Call } from "./call.ts";
import type { Updated } from "./update.ts";

/** Server-side apply. */
export function apply(_core: Core, _call: Call, _options: WriteOptions): Updated {
  throw new ApiError(415, "UnsupportedMediaType", "server-side apply is not served here");
}
