/** A signal that counts those who listen to it. */
export function listened(
  signal: AbortSignal,
): { readonly signal: AbortSignal; readonly listeners: () => number } {
  let listeners = 0;
  const watched = new Proxy(signal, {
    get(target, property) {
      if (property === "addEventListener") listeners++;
      if (property === "removeEventListener") listeners--;
      const value = Reflect.get(target, property, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { signal: watched, listeners: () => listeners };
}
