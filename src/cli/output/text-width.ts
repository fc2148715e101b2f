/** How many columns a text takes on a terminal. */

/** Wide characters: east Asian scripts and emoji. Ranges of code points, from-to. */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x23e9, 0x23f3],
  [0x25fd, 0x25fe],
  [0x2614, 0x2615],
  [0x2648, 0x2653],
  [0x26a1, 0x26a1],
  [0x2705, 0x2705],
  [0x274c, 0x274c],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x1fa70, 0x1faff],
  [0x20000, 0x3fffd],
];

export function textWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (/\p{Mark}|\p{Cf}|\p{Cc}/u.test(character)) continue;
    width += wide.some(([from, to]) => point >= from && point <= to) ? 2 : 1;
  }
  return width;
}

export const padText = (text: string, width: number) => text + ' '.repeat(Math.max(0, width - textWidth(text)));

/** Cuts to a width; the last column then shows that something is missing. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let cut = '';
  let used = 0;
  for (const character of text) {
    const next = textWidth(character);
    if (used + next > width - 1) break;
    cut += character;
    used += next;
  }
  return `${cut}…`;
}

const controls = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** Control characters of foreign texts would steer the terminal; they are shown instead of obeyed. Tabs and newlines stay. */
export const printable = (text: string) =>
  text.replace(controls, (found) =>
    found === '\t' || found === '\n' ? found : `\\x${(found.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );
