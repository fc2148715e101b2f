import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FilterError, parseFilter } from './filter.ts';

const web = {
  name: 'web',
  status: 'Running',
  ephemeral: false,
  size: 2048,
  config: { 'user.role': 'db master', 'limits.memory': '1GiB', 'user.count': '12' },
  devices: { eth0: { type: 'nic' }, 'eth0.5': { type: 'vlan' } },
  profiles: ['default', 'small'],
};

const matches: Record<string, boolean> = {
  '': true,
  '  ': true,
  'name eq web': true,
  'NAME eq web': false,
  'name eq WEB': true,
  'status eq running': true,
  'status EQ running': true,
  'status ne running': false,
  'nothing eq x': false,
  'nothing ne x': true,
  'name eq w.*': true,
  'name eq w': false,
  'name eq ^web$': true,
  'name eq (web|mail)': true,
  'name eq we(b|c)': true,
  'name eq [': false,
  'config.user.role eq "db master"': true,
  "config.user.role eq 'DB MASTER'": true,
  'config.user.role eq "db .*"': true,
  'config.limits.memory eq 1GiB': true,
  'devices.eth0.type eq nic': true,
  'devices.eth0.5.type eq vlan': true,
  'devices.eth0 eq nic': false,
  'ephemeral eq false': true,
  'ephemeral ne False': false,
  'size eq 2048': true,
  'size gt 2047': true,
  'size ge 2048': true,
  'size lt 2048': false,
  'size le 1e4': true,
  'config.user.count gt 9': true,
  'name gt 9': false,
  'profiles eq small': true,
  'profiles eq large': false,
  'not name eq web': false,
  'not not name eq web': true,
  'name eq web and status eq stopped': false,
  'name eq web or status eq stopped and size eq 1': true,
  '(name eq web or status eq stopped) and size eq 1': false,
  '( name eq web ) and ( not ( size eq 1 ) )': true,
  'name eq "and" or name eq web': true,
  '__proto__ eq x': false,
  'constructor.name eq Object': false,
};

for (const [text, expected] of Object.entries(matches))
  test(`filter: ${JSON.stringify(text)} is ${expected}`, () => assert.equal(parseFilter(text)(web), expected));

const errors: Record<string, string> = {
  'foo bar': 'clause has no value',
  foo: 'clause has no operator',
  not: 'incomplete not clause',
  'name eq "web': 'unterminated quote',
  'name eq web name eq web': 'invalid clause composition',
  'name eq web and': 'unterminated compound clause',
  '(name eq web': 'unterminated parenthesis',
  'name eq web)': 'invalid clause composition',
  'name like web': 'unknown operator "like"',
  'name constructor web': 'unknown operator "constructor"',
};

for (const [text, expected] of Object.entries(errors))
  test(`filter: ${JSON.stringify(text)} is refused`, () =>
    assert.throws(
      () => parseFilter(text),
      (error) => error instanceof FilterError && error.message === `Invalid filter: ${expected}`,
    ));

test('filter: hostile patterns end soon, on texts of every length', () => {
  const twins = (count: number) => `${'(a|a)'.repeat(count)}b`;
  const evil = [
    '(a+)+b',
    '(a|a)*b',
    '(.*)*b',
    '(a{1,50}){1,50}b',
    '([a-z]+)*b',
    '(?=a+)a*b',
    '(x+x+)+y',
    '(a?){50}b',
    '(a)\\1*b',
  ];
  for (let count = 1; count <= 40; count++) evil.push(`${'a*'.repeat(count)}b`, `${'a?'.repeat(count)}b`, twins(count));
  evil.push(`(${'a|'.repeat(30)}a)(${'a|'.repeat(30)}a)a*a*b`, 'a{0,99}a{0,99}a{0,99}b');
  const started = performance.now();
  for (const length of [50, 64, 120, 1000, 60_000])
    for (const pattern of evil)
      assert.equal(parseFilter(`name eq ${pattern}`)({ name: 'a'.repeat(length) }), false, pattern);
  assert.ok(performance.now() - started < 2000, `${performance.now() - started} ms`);
});

test('filter: hostile shapes are refused', () => {
  for (const text of ['('.repeat(4000), 'not '.repeat(1000), 'x'.repeat(5000)])
    assert.throws(() => parseFilter(text), FilterError);
});

test('filter: whatever is filtered, it never throws', () => {
  const filter = parseFilter('a.b.c eq x');
  for (const object of [undefined, null, 1, 'a.b.c', [], { a: null }, { a: { b: 'c' } }])
    assert.equal(filter(object), false);
});
