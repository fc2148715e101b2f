/** Sizes as vm.conf writes them: `512M`, `1.5G`, or a number of bytes. */
const scale = 'BKMGTPE';
const megabyte = 2 ** 20;

/** Rounded down to megabytes, as vmd does; a text says what is wrong. */
export function memoryBytes(text: string): { bytes: number; rounded: boolean } | { wrong: string } {
  const [, digits, letter = 'B'] = /^(\d+(?:\.\d+)?)([bkmgtpe])?$/i.exec(text) ?? [];
  if (digits === undefined) return { wrong: `"${text}" is no size: a number with K, M or G, like 512M` };
  const exact = Number(digits) * 1024 ** scale.indexOf(letter.toUpperCase());
  if (exact < megabyte) return { wrong: `"${text}" is less than one megabyte` };
  if (!Number.isSafeInteger(Math.floor(exact))) return { wrong: `"${text}" is more than any machine has` };
  const bytes = Math.floor(exact / megabyte) * megabyte;
  return { bytes, rounded: bytes !== exact };
}
