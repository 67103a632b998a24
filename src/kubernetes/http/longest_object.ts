/**
 * No JSON of one object is longer. In etcd an object has at most 1.5 MiB, of which its JSON may have
 * six times as many: the API server writes `<` as `\u003c`.
 */
export const LONGEST_OBJECT_BYTES = 16 * 1024 * 1024;
