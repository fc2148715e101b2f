/** Makes the path of a request from a route key like `GET /1.0/instances/{name}`. */
export type QueryValues = Readonly<Record<string, string | number | boolean | undefined>>;

export function splitKey(key: string): { method: string; template: string } {
  const blank = key.indexOf(' ');
  return { method: key.slice(0, blank), template: key.slice(blank + 1) };
}

export function requestPath(template: string, params: Readonly<Record<string, string>> = {}, query: QueryValues = {}) {
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined || value === '') throw new TypeError(`${template} needs a value for {${name}}`);
    return encodeURIComponent(value);
  });
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return path;
  const search = pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`);
  return `${path}?${search.join('&')}`;
}
