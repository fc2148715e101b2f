/** Dates in the way of Go's `time.Format`: the layout shows how 2 January 2006, 15:04:05 would be written. UTC. Pure. */

const two = (value: number) => String(value).padStart(2, '0');
const name = (date: Date, part: 'month' | 'weekday', style: 'long' | 'short') =>
  date.toLocaleString('en', { [part]: style, timeZone: 'UTC' });

/** Longer ones first: `2006` before `2`, `January` before `Jan`. */
const parts: Record<string, (date: Date) => string> = {
  January: (date) => name(date, 'month', 'long'),
  Monday: (date) => name(date, 'weekday', 'long'),
  '2006': (date) => String(date.getUTCFullYear()),
  '-0700': () => '+0000',
  MST: () => 'UTC',
  Jan: (date) => name(date, 'month', 'short'),
  Mon: (date) => name(date, 'weekday', 'short'),
  '01': (date) => two(date.getUTCMonth() + 1),
  '02': (date) => two(date.getUTCDate()),
  '03': (date) => two(date.getUTCHours() % 12 || 12),
  '04': (date) => two(date.getUTCMinutes()),
  '05': (date) => two(date.getUTCSeconds()),
  '06': (date) => two(date.getUTCFullYear() % 100),
  '15': (date) => two(date.getUTCHours()),
  PM: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  '1': (date) => String(date.getUTCMonth() + 1),
  '2': (date) => String(date.getUTCDate()),
  '3': (date) => String(date.getUTCHours() % 12 || 12),
  '4': (date) => String(date.getUTCMinutes()),
  '5': (date) => String(date.getUTCSeconds()),
};
const words = [
  'January',
  'Monday',
  '2006',
  '-0700',
  'MST',
  'Jan',
  'Mon',
  '01',
  '02',
  '03',
  '04',
  '05',
  '06',
  '15',
  'PM',
];
const pattern = new RegExp([...words, '[12345]'].join('|'), 'g');

export function formatGoDate(date: Date, layout: string): string {
  return layout.replace(pattern, (word) => parts[word]?.(date) ?? word);
}
