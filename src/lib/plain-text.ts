/** Text out of what strangers wrote: objects and lists are none, and may hold a `toString` that `String` would stumble over. */
export const plainText = (value: unknown): string =>
  typeof value === 'object' || typeof value === 'function' || value === undefined ? '' : String(value);
