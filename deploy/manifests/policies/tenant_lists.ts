/** What is listed for each namespace, each under a key of its own. */
export const LISTS = [
  "registries",
  "identities",
  "scopes",
  "entraAuthorityHosts",
  "resourceManagerAudiences",
] as const;
export type List = typeof LISTS[number];

/** Stands in a list for what a binding leaves to the operator's own defaults. */
export const DEFAULT = "default";

/** A variable for each list: its entries, which are words, whatever white space stands between. */
export function listVariables(): readonly (readonly [string, string])[] {
  const spaces = ["\\n", "\\r", "\\t"].map((space) => `.replace('${space}', ' ')`).join("");
  return LISTS.map((list) => [
    nameOf("listed", list),
    `params.?data[?(request.namespace + '.${list}')].orValue('')${spaces}` +
    ".split(' ').filter(e, e != '')",
  ]);
}

/** An expression of the entries of a list. */
export function entries(list: List): string {
  return `variables.${nameOf("listed", list)}`;
}

/** Names a variable that there is for each list, such as `listedScopes`. */
export function nameOf(kind: string, list: List): string {
  return `${kind}${list.charAt(0).toUpperCase()}${list.slice(1)}`;
}

/** An expression of a text, itself one, in quotes: a message is one line of limited length. */
export function shown(text: string): string {
  return `strings.quote(${text}.size() > 200 ? ${text}.substring(0, 200) + '...' : ${text})`;
}
