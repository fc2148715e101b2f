import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextTime, parseSchedule } from './cron.ts';

const local = (text: string) => new Date(`${text}:00`);
function next(schedule: string, after: string): string | undefined {
  const parsed = parseSchedule(schedule);
  assert.ok(parsed, schedule);
  const at = nextTime(parsed, local(after));
  if (!at) return undefined;
  const two = (value: number) => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

test('schedules: fields, ranges, steps, names and aliases', () => {
  assert.equal(next('* * * * *', '2026-03-01T10:00'), '2026-03-01T10:01');
  assert.equal(next('30 3 * * *', '2026-03-01T10:00'), '2026-03-02T03:30');
  assert.equal(next('*/15 9-17 * * mon-fri', '2026-03-06T17:50'), '2026-03-09T09:00');
  assert.equal(next('0 0 1 jan *', '2026-03-01T10:00'), '2027-01-01T00:00');
  assert.equal(next('0 0 29 2 *', '2026-03-01T10:00'), '2028-02-29T00:00');
  assert.equal(next('@hourly', '2026-12-31T23:00'), '2027-01-01T00:00');
  assert.equal(next('@weekly', '2026-03-02T00:00'), '2026-03-08T00:00');
  assert.equal(next('0 12 * * 7', '2026-03-02T00:00'), '2026-03-08T12:00');
  assert.equal(next('0 0 13 * fri', '2026-03-01T00:00'), '2026-03-06T00:00', 'a day of either kind');
  assert.equal(next('0 0 30 2 *', '2026-03-01T00:00'), undefined);
});

test('schedules: several of them, the first of all counts', () => {
  assert.equal(next('@daily, 0 6 * * *', '2026-03-01T01:00'), '2026-03-01T06:00');
  assert.equal(next('@monthly,@hourly', '2026-03-01T01:30'), '2026-03-01T02:00');
  assert.equal(next('0,30 * * * *', '2026-03-01T01:10'), '2026-03-01T01:30');
  assert.equal(next('0,30 6 * * *, 5 6 * * *', '2026-03-01T06:00'), '2026-03-01T06:05');
  assert.deepEqual(parseSchedule('@startup, @never'), { times: [], atStartup: true });
});

test('schedules: what is none is refused', () => {
  for (const bad of [
    '',
    'often',
    '@sometimes',
    '* * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '5-1 * * * *',
    '*/0 * * * *',
    '*-5 * * * *',
    '@daily,often',
    'x'.repeat(2000),
  ])
    assert.equal(parseSchedule(bad), undefined, bad);
});
