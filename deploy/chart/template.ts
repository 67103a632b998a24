/** Text of a Helm template that stands there under a condition, and other text where it fails. */
export function when(condition: string, text: string, otherwise?: string): string {
  const rest = otherwise === undefined ? "" : `{{- else }}\n${otherwise}`;
  return `{{- if ${condition} }}\n${text}${rest}{{- end }}\n`;
}
