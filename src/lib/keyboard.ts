/**
 * Names of keys, as the keyboard has them (a US one: a name means a place, what it writes is the guest's affair). The names on
 * the right are those that QEMU calls qcodes; they are accepted, too.
 */

/** How people say it, where that is not the qcode. */
const spoken: ReadonlyMap<string, string> = new Map(
  Object.entries({
    control: 'ctrl',
    'left-ctrl': 'ctrl',
    'right-ctrl': 'ctrl_r',
    'right-alt': 'alt_r',
    altgr: 'alt_r',
    'right-shift': 'shift_r',
    super: 'meta_l',
    win: 'meta_l',
    windows: 'meta_l',
    cmd: 'meta_l',
    enter: 'ret',
    return: 'ret',
    escape: 'esc',
    space: 'spc',
    del: 'delete',
    ins: 'insert',
    bksp: 'backspace',
    pageup: 'pgup',
    pagedown: 'pgdn',
    capslock: 'caps_lock',
    numlock: 'num_lock',
    scrolllock: 'scroll_lock',
    printscreen: 'print',
    break: 'pause',
    equals: 'equal',
    '=': 'equal',
    ',': 'comma',
    '.': 'dot',
    '/': 'slash',
    '\\': 'backslash',
    ';': 'semicolon',
    "'": 'apostrophe',
    '`': 'grave_accent',
    '[': 'bracket_left',
    ']': 'bracket_right',
  }),
);

const numbered = (prefix: string, first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => `${prefix}${first + index}`);

/** Those that QEMU has from 7.2 on. */
export const qcodes: ReadonlySet<string> = new Set([
  ...'abcdefghijklmnopqrstuvwxyz0123456789',
  ...numbered('f', 1, 12),
  ...numbered('kp_', 0, 9),
  ...'kp_add kp_subtract kp_multiply kp_divide kp_decimal kp_enter kp_equals kp_comma'.split(' '),
  ...'ctrl ctrl_r alt alt_r shift shift_r meta_l meta_r menu compose'.split(' '),
  ...'esc tab ret spc backspace insert delete home end pgup pgdn up down left right'.split(' '),
  ...'minus equal comma dot slash backslash semicolon apostrophe grave_accent bracket_left bracket_right'.split(' '),
  ...'caps_lock num_lock scroll_lock print sysrq pause less yen ro henkan muhenkan hiragana'.split(' '),
  ...'power sleep wake volumeup volumedown audiomute audioplay audiostop audionext audioprev'.split(' '),
]);

/** No key has as many neighbours as this. */
const mostTogether = 8;

/** Keys pressed together, `ctrl-alt-f1`, as qcodes; undefined for what no keyboard has. A lone `-` is the key itself. */
export function parseChord(text: string): string[] | undefined {
  const names = text === '-' ? ['minus'] : text.toLowerCase().split(/(?<=[^-])[-+]/);
  const keys = wholeNames(names).map((name) => spoken.get(name) ?? name);
  return keys.length <= mostTogether && keys.every((key) => qcodes.has(key)) ? keys : undefined;
}

/** Some names are of two words (`right-alt`), and the last key may be the minus itself (`ctrl--`). */
function wholeNames(words: readonly string[]): string[] {
  const names: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const [word = '', next = ''] = words.slice(at);
    const both = `${word}-${next}`;
    if (spoken.has(both)) at++;
    names.push(spoken.has(both) ? both : word === '-' ? 'minus' : word);
  }
  return names;
}
