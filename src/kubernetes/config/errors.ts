/**
 * The configuration of the API server's client cannot be used. The message names file, entry and
 * field, and the remedy; it holds no credential.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
