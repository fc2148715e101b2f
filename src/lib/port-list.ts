/** Lists of ports as users write them: `80,443,8000-8010`. */
export type PortRange = { from: number; to: number };

/** Undefined when it is no such list, or names a port twice. */
export function parsePorts(text: string): PortRange[] | undefined {
  const ranges: PortRange[] = [];
  for (const word of text.split(',').map((part) => part.trim())) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(word);
    if (!match) return undefined;
    const from = Number(match[1]);
    const to = Number(match[2] ?? match[1]);
    if (from < 1 || to > 65_535 || to < from) return undefined;
    if (ranges.some((other) => other.from <= to && from <= other.to)) return undefined;
    ranges.push({ from, to });
  }
  return ranges;
}

export const countPorts = (ranges: readonly PortRange[]): number =>
  ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);

/** Every port, in the order of the list. */
export const eachPort = (ranges: readonly PortRange[]): number[] =>
  ranges.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, index) => from + index));

export const formatPorts = (ranges: readonly PortRange[]): string =>
  ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(', ');
