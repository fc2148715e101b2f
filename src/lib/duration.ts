/** Lengths of time as people write them ("1h30m", "10s", "500ms"), and the expiry forms of Incus ("1M 2H 3d 4w 5m 6y"). */

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const unitMs: Record<string, number> = { ms: 1, s: secondMs, m: minuteMs, h: hourMs, d: dayMs, w: 7 * dayMs };

/** Milliseconds. Units from large to small, each once; a bare number is seconds. Undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const bare = /^\d{1,12}(\.\d{1,3})?$/.test(text);
  if (bare) return whole(Number(text) * secondMs);
  if (!/^(\d{1,12}(\.\d{1,3})?(ms|[smhdw]))+$/.test(text)) return undefined;
  let [totalMs, smallestMs] = [0, Number.POSITIVE_INFINITY];
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)) {
    const factor = unitMs[unit ?? ''] ?? 0;
    if (factor >= smallestMs) return undefined;
    smallestMs = factor;
    totalMs += Number(amount) * factor;
  }
  return whole(totalMs);
}

function whole(ms: number): number | undefined {
  const roundedMs = Math.round(ms);
  return Number.isSafeInteger(roundedMs) ? roundedMs : undefined;
}

/** For people: "850ms", "4.2s", "3m 5s", "2h 10m", "5d 3h". */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (Math.round(ms) < secondMs) return `${Math.round(ms)}ms`;
  const tenths = Math.round(ms / 100) / 10;
  if (tenths < 10) return `${tenths}s`;
  const seconds = Math.round(ms / secondMs);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return pair(seconds, ['m', 60], ['s', 1]);
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return pair(minutes, ['h', 60], ['m', 1]);
  return pair(Math.round(minutes / 60), ['d', 24], ['h', 1]);
}

function pair(amount: number, [bigUnit, factor]: [string, number], [smallUnit]: [string, number]): string {
  const rest = amount % factor;
  const big = `${Math.floor(amount / factor)}${bigUnit}`;
  return rest === 0 ? big : `${big} ${rest}${smallUnit}`;
}

/** How long ago, in one unit: "just now", "5 minutes ago", "in 3 days". */
export function formatAge(then: Date, now: Date): string {
  const ageMs = now.getTime() - then.getTime();
  const amountMs = Math.abs(ageMs);
  if (amountMs < 10 * secondMs) return 'just now';
  const units: [string, number][] = [
    ['year', 365 * dayMs],
    ['month', 30 * dayMs],
    ['week', 7 * dayMs],
    ['day', dayMs],
    ['hour', hourMs],
    ['minute', minuteMs],
  ];
  const [name, ms] = units.find(([, ms]) => amountMs >= ms) ?? ['second', secondMs];
  const count = Math.floor(amountMs / ms);
  const text = `${count} ${name}${count === 1 ? '' : 's'}`;
  return ageMs < 0 ? `in ${text}` : `${text} ago`;
}

/**
 * When something made at `start` expires by an Incus expression: M minutes, H hours, d days, w weeks, m months, y years,
 * each at most once, with or without spaces. Undefined when the text is no such expression; the empty text too.
 */
export function expiryDate(text: string, start: Date): Date | undefined {
  const compact = text.trim();
  if (!/^(\d{1,6}[MHdwmy]\s*)+$/.test(compact)) return undefined;
  const amounts = new Map<string, number>();
  for (const [, amount, unit = ''] of compact.matchAll(/(\d+)([MHdwmy])/g)) {
    if (amounts.has(unit)) return undefined;
    amounts.set(unit, Number(amount));
  }
  const of = (unit: string) => amounts.get(unit) ?? 0;
  const date = new Date(start);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + of('m') + 12 * of('y'));
  // The 31st of January and one month is the last day of February, not the 3rd of March.
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  const ms = date.getTime() + of('w') * 7 * dayMs + of('d') * dayMs + of('H') * hourMs + of('M') * minuteMs;
  const expiry = new Date(ms);
  return Number.isNaN(expiry.getTime()) || expiry.getUTCFullYear() > 9999 ? undefined : expiry;
}
