/**
 * Identifiers differ between two servers: recordings have placeholders for them (`uuid-0001`, `hex64-0002`) or the digest itself, and fixed names
 * that have to be others here (image fingerprints, paths). What a placeholder stands for here is learnt from the answers.
 */
const placeholder = /(?:uuid|hex64)-\d{4}|\b[0-9a-f]{64}\b/g;
const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

export type Names = {
  /** The recorded text as it has to be said here. */
  here(text: string): string;
  /** A recorded request body, with every text in it as it has to be said here. */
  hereDeep(value: unknown): unknown;
  /** True when `ours` can stand for the recorded text; learns new placeholders from it. */
  matches(recorded: string, ours: string): boolean;
};

/** `fixed` are texts that stand for others throughout, longest first. */
export function createNames(fixed: ReadonlyMap<string, string>): Names {
  const known = new Map([...fixed.values()].map((ours) => [ours, ours]));
  const withFixed = (text: string) => {
    let result = text;
    for (const [recorded, ours] of fixed) result = result.replaceAll(recorded, ours);
    return result;
  };
  const here = (text: string) => withFixed(text).replace(placeholder, (name) => known.get(name) ?? name);
  const hereDeep = (value: unknown): unknown => {
    if (typeof value === 'string') return here(value);
    if (Array.isArray(value)) return value.map(hereDeep);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [here(key), hereDeep(inner)]));
  };
  return {
    here,
    hereDeep,
    matches(recorded, ours) {
      const text = withFixed(recorded);
      if (text === ours) return true;
      const found = [...text.matchAll(placeholder)].map(([name]) => name);
      if (found.length === 0) return false;
      const pattern = text.split(placeholder).map(literal).join('([0-9a-fA-F-]{12,64})');
      const match = new RegExp(`^${pattern}$`, 's').exec(ours);
      if (!match) return false;
      for (const [index, name] of found.entries()) {
        const value = match[index + 1] ?? '';
        if (!known.has(name)) known.set(name, value);
        else if (known.get(name) !== value) return false;
      }
      return true;
    },
  };
}
