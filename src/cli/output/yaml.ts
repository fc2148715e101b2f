/** YAML, loaded only when a command needs it: the parser costs 10 ms. */
export async function toYaml(value: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(sortedMaps(value), { lineWidth: 0, indentSeq: false });
}

/** Maps whose keys people choose are shown in the order of the alphabet; fields of objects stay in that of the API. */
const maps = new Set(['config', 'expanded_config', 'devices', 'expanded_devices', 'properties']);

export function sortedMaps(value: unknown, inMap = false): unknown {
  if (Array.isArray(value)) return value.map((one) => sortedMaps(one));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  if (inMap) entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, sortedMaps(one, inMap || maps.has(key))]));
}

export async function fromYaml(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  return parse(text);
}
