import assert from 'node:assert/strict';
import { test } from 'node:test';
import { any, defineCommand, flag, list, optional, required, some, text } from './command.ts';
import { commands } from './commands.ts';
import { findCommand } from './dispatch.ts';
import { editDistance, nearest } from './nearest.ts';
import { parseWords } from './parse.ts';
import { separateCommand } from './pass-through.ts';

const common = { group: 'guests', summary: 'Try', examples: [], run: async () => {} } as const;
const one = defineCommand({
  ...common,
  name: 'try',
  args: { image: required('image'), name: optional('name'), rest: any('rest') },
  options: {
    config: list('-c, --config <key=value>', ''),
    force: flag('-f, --force', ''),
    noProfiles: flag('--no-profiles', ''),
    timeout: text('--timeout <s>', ''),
    log: flag('--log, --show-log', ''),
  },
});
const carrier = defineCommand({
  ...common,
  name: 'exec',
  passThrough: true,
  args: { instance: required('instance'), command: some('command') },
  options: { env: list('--env <k=v>', ''), tty: flag('-t, --tty', '') },
});
const parsed = (words: string) => {
  const input = parseWords(
    one,
    words.split(' ').filter((word) => word !== ''),
  );
  assert.ok(input !== 'help');
  return input;
};

test('options are found before, between and after the words, in every form', () => {
  const { args, options } = parsed('-c a=1 img --config=b=2 web -fc c=3 more --timeout -1 --no-profiles --show-log');
  assert.deepEqual(args, { image: 'img', name: 'web', rest: ['more'] });
  assert.deepEqual(options.config, ['a=1', 'b=2', 'c=3']);
  assert.deepEqual([options.force, options.timeout, options.noProfiles, options.log], [true, '-1', true, true]);
  assert.deepEqual([options.quiet, options.debug, options.project], [false, false, undefined]);
});

test('what is missing, unknown or too much is named, with the usage (exit code 2)', () => {
  const refused = (words: string, message: RegExp) =>
    assert.throws(() => parsed(words), {
      message,
      exitCode: 2,
      help: /usage: gast try \[options\] <image> \[name\] \[rest...\]/,
    });
  refused('', /<image> is missing/);
  refused('img --froce', /Unknown option --froce; did you mean --force\?/);
  refused('img --timeout', /--timeout wants a value/);
  refused('img --force=maybe', /--force takes no value/);
  assert.equal(parseWords(one, ['--help']), 'help');
  assert.throws(() => parseWords(carrier, ['web']), /<command> is missing/);
});

test('after the first word of some commands everything belongs to another program', () => {
  const ssh = { ...carrier, name: 'ssh', passThrough: 'after-first', options: {} } as typeof carrier;
  for (const line of ['-q web -v -l anna ls', '-q web -- -v -l anna ls']) {
    const input = parseWords(ssh, line.split(' '));
    assert.ok(input !== 'help');
    assert.deepEqual(input.args, { instance: 'web', command: ['-v', '-l', 'anna', 'ls'] }, line);
  }
});

test('the options of a carried command stay its own', () => {
  const words = (line: string) => parseWords(carrier, line.split(' '));
  const expected = { instance: 'web', command: ['ls', '-l', '--env'] };
  for (const line of ['web ls -l --env', 'web --env A=b -t -- ls -l --env', '--env A=b -t web ls -l --env']) {
    const input = words(line);
    assert.ok(input !== 'help');
    assert.deepEqual(input.args, expected, line);
  }
  assert.deepEqual(separateCommand(['--env', 'web', 'web', '-t', 'ls', '-l'], Object.values(carrier.options)), [
    '--env',
    'web',
    'web',
    '-t',
    '--',
    'ls',
    '-l',
  ]);
});

test('commands are found by name or alias, also behind global options', () => {
  const found = (line: string) => {
    const result = findCommand(commands, line.split(' '));
    return result.kind === 'command' ? [result.entry.name, ...result.words] : result.prefix;
  };
  assert.deepEqual(found('ls web'), ['list', 'web']);
  assert.deepEqual(found('--debug --project lab profile device add a b'), [
    'profile device add',
    '--debug',
    '--project',
    'lab',
    'a',
    'b',
  ]);
  assert.equal(found('profile'), 'profile');
  assert.equal(found('profile device --help'), 'profile device');
  assert.equal(found('--help'), '');
  assert.deepEqual(findCommand(commands, []), { kind: 'overview', prefix: '' });
});

test('a wrong command names the nearest one', () => {
  const message = (line: string) => {
    try {
      findCommand(commands, line.split(' '));
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.equal(message('lauch debian/12'), 'Unknown command "gast lauch"; did you mean "gast launch"?');
  assert.equal(
    message('snapshot crate web'),
    'Unknown command "gast snapshot crate"; did you mean "gast snapshot create"?',
  );
  assert.equal(message('imgae list'), 'Unknown command "gast imgae"; did you mean "gast image"?');
  assert.equal(message('xyzzy'), 'Unknown command "gast xyzzy"');
  assert.equal(nearest('--froce', ['--force', '--format']), '--force');
  assert.equal(editDistance('ab', 'ba'), 1);
});
