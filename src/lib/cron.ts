/**
 * Schedules as Incus takes them: `MINUTE HOUR DAY MONTH WEEKDAY` in local time, aliases such as `@daily`, several with commas
 * between them. Pure.
 */

export type Schedule = { times: CronTimes[]; atStartup: boolean };
/** Which minutes, hours, days, months (1..12) and weekdays (0 is Sunday) fit. */
type CronTimes = {
  minutes: ReadonlySet<number>;
  hours: ReadonlySet<number>;
  days: ReadonlySet<number>;
  months: ReadonlySet<number>;
  weekdays: ReadonlySet<number>;
  /** With both given, one of them is enough, as in every cron. */
  dayOrWeekday: boolean;
};

const aliases: Record<string, string> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@annually': '0 0 1 1 *',
  '@yearly': '0 0 1 1 *',
};

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Undefined when the text is no schedule. */
export function parseSchedule(text: string): Schedule | undefined {
  if (text.length > 1000) return undefined;
  // A comma stands between schedules, or between the values of one field.
  for (const parts of [[text], text.split(/,\s+/), text.split(',')]) {
    const schedule = parseAll(parts.map((part) => part.trim()));
    if (schedule) return schedule;
  }
  return undefined;
}

function parseAll(parts: readonly string[]): Schedule | undefined {
  const schedule: Schedule = { times: [], atStartup: false };
  for (const part of parts) {
    if (part === '@never') continue;
    if (part === '@startup') {
      schedule.atStartup = true;
      continue;
    }
    const times = parseCron(Object.hasOwn(aliases, part) ? (aliases[part] ?? '') : part);
    if (!times) return undefined;
    schedule.times.push(times);
  }
  return schedule;
}

function parseCron(text: string): CronTimes | undefined {
  const fields = text.split(/\s+/);
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  if (fields.length !== 5) return undefined;
  const minutes = parseField(minute, 0, 59);
  const hours = parseField(hour, 0, 23);
  const days = parseField(day, 1, 31);
  const months = parseField(month, 1, 12, monthNames, 1);
  const weekdays = parseField(weekday, 0, 7, weekdayNames, 0);
  if (!minutes || !hours || !days || !months || !weekdays) return undefined;
  if (weekdays.has(7)) weekdays.add(0);
  const isAny = (field: string) => field.startsWith('*') || field === '?';
  return { minutes, hours, days, months, weekdays, dayOrWeekday: !isAny(day) && !isAny(weekday) };
}

function parseField(field: string, low: number, high: number, names: readonly string[] = [], first = 0) {
  const numberOf = (text: string) => {
    const named = names.indexOf(text.toLowerCase());
    if (named >= 0) return named + first;
    return /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  };
  const values = new Set<number>();
  for (const part of field.split(',')) {
    const match = /^(\*|\?|[0-9a-zA-Z]+)(?:-([0-9a-zA-Z]+))?(?:\/(\d{1,2}))?$/.exec(part);
    if (!match?.[1]) return undefined;
    const any = match[1] === '*' || match[1] === '?';
    const from = any ? low : numberOf(match[1]);
    const open = any || (match[3] !== undefined && match[2] === undefined);
    const to = match[2] !== undefined ? numberOf(match[2]) : open ? high : from;
    const step = match[3] === undefined ? 1 : Number(match[3]);
    if (!(from >= low && to <= high && from <= to && step >= 1) || (any && match[2] !== undefined)) return undefined;
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return values;
}

/** The first moment after `after` that fits; undefined when there is none within eight years (30 February). */
export function nextTime({ times }: Schedule, after: Date): Date | undefined {
  const found = times.map((one) => nextOf(one, after)).filter((date) => date !== undefined);
  return found.length === 0 ? undefined : new Date(Math.min(...found.map((date) => date.getTime())));
}

function nextOf(times: CronTimes, after: Date): Date | undefined {
  const at = new Date(after);
  at.setSeconds(0, 0);
  at.setMinutes(at.getMinutes() + 1);
  const last = after.getFullYear() + 8;
  while (at.getFullYear() <= last) {
    const before = at.getTime();
    if (!times.months.has(at.getMonth() + 1)) at.setTime(+new Date(at.getFullYear(), at.getMonth() + 1, 1));
    else if (!isDay(times, at)) at.setTime(+new Date(at.getFullYear(), at.getMonth(), at.getDate() + 1));
    else if (!times.hours.has(at.getHours())) at.setHours(at.getHours() + 1, 0, 0, 0);
    else if (!times.minutes.has(at.getMinutes())) at.setMinutes(at.getMinutes() + 1, 0, 0);
    else return at;
    // When clocks are put forward, an hour that is set may be one that is over: go on from where time is.
    if (at.getTime() <= before) at.setTime(before + 3_600_000);
  }
  return undefined;
}

function isDay(times: CronTimes, at: Date): boolean {
  const [day, weekday] = [times.days.has(at.getDate()), times.weekdays.has(at.getDay())];
  return times.dayOrWeekday ? day || weekday : day && weekday;
}
