/** Reading JSON of strangers: a value of the wrong kind is as good as none. */
export type Fields = Record<string, unknown>;

export const fieldsOf = (value: unknown): Fields =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : {};

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export const sizeOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

export const hashOf = (value: unknown): string | undefined => {
  const text = textOf(value).toLowerCase();
  return /^[0-9a-f]{64}$/.test(text) ? text : undefined;
};

/** A path below the server's address; nothing that leads elsewhere (`..`, another host, a query) is one. */
export function pathOf(value: unknown): string | undefined {
  const text = textOf(value);
  if (text === '' || text.length > 1024 || !/^[\x21-\x7e]+$/.test(text) || /[\\?#%:]/.test(text)) return undefined;
  const parts = text.split('/');
  return parts.some((part) => part === '' || part === '.' || part === '..') ? undefined : text;
}
