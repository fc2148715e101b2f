/** Chooses the language of the messages, as the C library does: LC_ALL, LC_MESSAGES, LANG. */
import { de } from './de.ts';
import { en, type TextKey } from './en.ts';

export type Texts = (key: TextKey, values?: Readonly<Record<string, string | number>>) => string;

export function textsFor(env: Readonly<Record<string, string | undefined>>): Texts {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || 'C';
  const table: Readonly<Record<TextKey, string>> = /^de(_|\.|@|$)/.test(locale) ? de : en;
  return (key, values = {}) =>
    table[key].replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}
