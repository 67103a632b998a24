/**
 * Flags for V8, sized for a pod of 100 MiB. By default the young generation grows to 32 MiB before
 * V8 thinks of collecting it, and the old one to several times what lives in it: what a roll-out
 * leaves behind would stay for long. Half the young generation would be collected twice as often,
 * for a sixth more CPU and a megabyte or two.
 *
 * The optimizing compilers take 10 MB where 1,000 bindings are rolled out, and save a tenth of the
 * CPU: the operator waits for the API server for most of its time.
 *
 * What objects of a megabyte leave behind is collected when the program asks for it
 * (src/runtime/collector.ts): V8 alone lets it grow by 15 MB.
 */
export const V8_FLAGS: readonly string[] = [
  "--max-semi-space-size=2",
  "--heap-growing-percent=40",
  "--no-opt",
  "--no-maglev",
  "--expose-gc",
];
