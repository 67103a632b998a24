/**
 * Prometheus' text exposition format, version 0.0.4, as documented in prometheus/docs,
 * `instrumenting/exposition_formats.md`.
 */

/** One line of a metric. */
export interface Sample {
  /** What follows the metric's name, such as `_sum`. */
  readonly suffix?: string;
  /** In the order in which they are written. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
}

/** HELP, TYPE and the samples of one metric. Ends with a line break. */
export function exposeFamily(
  name: string,
  type: "counter" | "gauge" | "histogram",
  help: string,
  samples: Iterable<Sample>,
): string {
  let text = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
  for (const { suffix = "", labels, value } of samples) {
    text += `${name}${suffix}${labelSet(labels)} ${number(value)}\n`;
  }
  return text;
}

function labelSet(labels: Sample["labels"]): string {
  if (labels.length === 0) return "";
  return `{${labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(",")}}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

function number(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}
