/** What of a text that still grows can be relied on: its lines that have come to their end. */
export function completeLines(text: string): string {
  return text.slice(0, text.lastIndexOf("\n") + 1);
}
