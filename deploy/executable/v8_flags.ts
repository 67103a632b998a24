/**
 * Flags for V8, sized for a pod of 100 MiB. By default the young generation grows to 32 MiB before
 * V8 thinks of collecting it, and the old one to several times what lives in it: what a roll-out
 * leaves behind would stay for long. Optimizing for size halves the young generation again, to at
 * most 1 MiB whatever else is asked for. It takes 3 MB off the peak of 1,000 bindings for no more
 * CPU, and 6 MB off that of 5,000 for a fifth more: what holds the operator up there is the API
 * server, and what would kill it is memory.
 *
 * The optimizing compilers take 10 MB where 1,000 bindings are rolled out, and save a tenth of the
 * CPU: the operator waits for the API server for most of its time.
 */
export const V8_FLAGS: readonly string[] = [
  "--optimize-for-size",
  "--heap-growing-percent=40",
  "--no-opt",
  "--no-maglev",
];
