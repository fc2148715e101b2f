/** The keys that the screen machine tells of, in their order; what it tells of its size may come in between. */
export const typedKeys = (log: string): string =>
  [...log.matchAll(/^typed (\S+)\s*$/gm)].map(([, key]) => key).join(' ');
