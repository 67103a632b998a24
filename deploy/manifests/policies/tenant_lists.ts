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

/** An expression of the entries of a list: words, whatever white space stands between them. */
export function entries(list: List): string {
  const text = `params.?data[?(request.namespace + '.${list}')].orValue('')`;
  const spaces = ["\\n", "\\r", "\\t"].map((space) => `.replace('${space}', ' ')`).join("");
  return `${text}${spaces}.split(' ').filter(e, e != '')`;
}

/** An expression of a text, itself one, in quotes: a message is one line of limited length. */
export function shown(text: string): string {
  return `strings.quote(${text}.size() > 200 ? ${text}.substring(0, 200) + '...' : ${text})`;
}
