/** The field, or nothing where it has no value: what exactOptionalPropertyTypes asks for. */
export function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : { [key]: value } as { [P in K]?: V };
}
