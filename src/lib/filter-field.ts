/** Finds a dotted field in an object whose keys may hold dots themselves: `config.user.role`, `devices.eth0.type`. */
export function fieldOf(object: unknown, path: string): unknown {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return undefined;
  if (Object.hasOwn(object, path)) return (object as Record<string, unknown>)[path];
  // The longest key that is there and leads on wins: `config."user.role"` before `config.user.role`.
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const key = path.slice(0, dot);
    if (!Object.hasOwn(object, key)) continue;
    const found = fieldOf((object as Record<string, unknown>)[key], path.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}
