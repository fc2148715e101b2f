/** Which of the many images of a simplestreams server a word means. Pure. */
import type { StreamImage } from './products.ts';

export type Wanted = {
  /** An alias, with or without `/architecture`, or the beginning of a fingerprint. */
  name: string;
  type: StreamImage['type'];
  /** The architectures that fit, the best first. */
  architectures: readonly string[];
};

/** The newest image of the name; undefined when there is none. Aliases win over fingerprints. */
export function chooseImage(images: readonly StreamImage[], { name, type, architectures }: Wanted) {
  const fitting = images.filter((image) => image.type === type);
  for (const architecture of architectures) {
    const named = fitting.filter((image) => image.architecture === architecture && image.aliases.includes(name));
    const [newest] = named.toSorted(newestFirst);
    if (newest) return newest;
  }
  const exact = fitting.filter((image) => aliasesWithArchitecture(image).includes(name)).toSorted(newestFirst);
  if (exact[0]) return exact[0];
  if (!/^[0-9a-f]{12,64}$/.test(name)) return undefined;
  const found = images.filter(({ fingerprint }) => fingerprint.startsWith(name));
  return new Set(found.map(({ fingerprint }) => fingerprint)).size === 1 ? found[0] : undefined;
}

export const aliasesWithArchitecture = ({ aliases, properties, architecture }: StreamImage): string[] =>
  aliases.flatMap((alias) => [`${alias}/${properties.architecture}`, `${alias}/${architecture}`]);

/** Of one version, the smaller download first. */
export function newestFirst(a: StreamImage, b: StreamImage): number {
  const [left, right] = [a.properties.serial ?? '', b.properties.serial ?? ''];
  if (left !== right) return left < right ? 1 : -1;
  return a.sizeBytes - b.sizeBytes;
}
