/** Sizes, bit rates and percentages as people and Incus write them. Strict: what is not exactly such a text is undefined. */

const decimal = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
const binary = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

const byteFactors = new Map<string, number>([
  ['', 1],
  ['bytes', 1],
  ...decimal.map((unit, power): [string, number] => [unit, 1000 ** power]),
  ...binary.map((unit, power): [string, number] => [unit, 1024 ** (power + 1)]),
]);

const bitFactors = new Map<string, number>([
  ['', 1],
  ['bit', 1],
  ...['kbit', 'Mbit', 'Gbit', 'Tbit', 'Pbit', 'Ebit'].map((unit, power): [string, number] => [
    unit,
    1000 ** (power + 1),
  ]),
  ...['Kibit', 'Mibit', 'Gibit', 'Tibit', 'Pibit', 'Eibit'].map((unit, power): [string, number] => [
    unit,
    1024 ** (power + 1),
  ]),
]);

/** "64MiB", "10GB", "512", "512 bytes"; also "1.5GiB" when that is a whole number of bytes. */
export function parseBytes(text: string): number | undefined {
  return parseScaled(text, byteFactors);
}

/** Bits per second: "100Mbit", "1Gbit", "64000". */
export function parseBits(text: string): number | undefined {
  return parseScaled(text, bitFactors);
}

/** "10%" is 10. From 0% to 100%; fractions as in "12.5%". */
export function parsePercent(text: string): number | undefined {
  const found = /^(\d{1,3}(?:\.\d{1,6})?)%$/.exec(text);
  const percent = found ? Number(found[1]) : Number.NaN;
  return percent <= 100 ? percent : undefined;
}

/** For people, in binary units with at most two decimals: "1.25GiB", "512B". */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 'B';
  for (const next of binary) {
    // The rounded value decides, so that 1048575 is 1MiB and not 1024KiB.
    if (Math.abs(rounded(value)) < 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${rounded(value)}${unit}`;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

function parseScaled(text: string, factors: ReadonlyMap<string, number>): number | undefined {
  const found = /^(\d{1,20})(?:\.(\d{1,9}))?(?: ?([A-Za-z]+))?$/.exec(text);
  const factor = factors.get(found?.[3] ?? '');
  if (!found || factor === undefined) return undefined;
  const [, whole = '', fraction = ''] = found;
  // Whole numbers throughout: a product in floating point would round what must be refused.
  const scaled = BigInt(whole + fraction) * BigInt(factor);
  const divisor = 10n ** BigInt(fraction.length);
  const value = scaled / divisor;
  if (value * divisor !== scaled || value > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return Number(value);
}
