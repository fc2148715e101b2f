/** The table of commands: complete, consistent, and the source of the guide. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { groups } from './command.ts';
import { commands, loadAll } from './commands.ts';
import { guide } from './guide.ts';
import { helpOf } from './help.ts';
import { nounOverview, overview } from './overview.ts';
import { flagWords, parseWords } from './parse.ts';
import { version } from './version.ts';
import { guidePath } from './write-guide.ts';

const all = await loadAll(commands);

test('the table names every command as its literal does, and none twice', () => {
  for (const [i, entry] of commands.entries()) {
    assert.equal(entry.name, all[i]?.name);
    assert.deepEqual(entry.aliases ?? [], all[i]?.aliases ?? [], entry.name);
    assert.equal(entry.hidden, all[i]?.hidden, entry.name);
  }
  const names = commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  assert.equal(new Set(names).size, names.length);
});

test('no command uses a letter or an option twice, and each has a summary and an example', () => {
  for (const command of all) {
    const flags = Object.values(command.options).flatMap(flagWords);
    assert.equal(new Set([...flags, '-q', '-h', '--help', '--quiet', '--debug']).size, flags.length + 5, command.name);
    assert.match(command.summary, /^[A-Z].*[^.]$/, command.name);
    assert.ok(command.hidden || command.examples.length > 0, command.name);
    assert.ok(groups.includes(command.group));
    assert.match(helpOf(command), new RegExp(`Usage: gast ${command.name}`));
  }
});

test('every example is accepted by the parser of its command', () => {
  for (const command of all) {
    for (const [line] of command.examples) {
      const call = line.split(/[|;<>(]/).findLast((part) => part.trim().startsWith('gast ')) ?? '';
      const words = call.trim().match(/"[^"]*"|\S+/g) ?? [];
      const rest = words.slice(1 + command.name.split(' ').length).map((word) => word.replaceAll('"', ''));
      if (words.slice(1).join(' ').startsWith(command.name)) assert.doesNotThrow(() => parseWords(command, rest), line);
    }
  }
});

test('the overview shows every visible command by its noun', () => {
  const text = overview(all);
  for (const { name, hidden } of commands) {
    const [noun = '', verb = ''] = name.split(' ');
    assert.equal(new RegExp(`^ {2}${noun} .*${verb}`, 'm').test(text), hidden !== true, name);
  }
  assert.match(nounOverview(all, 'profile device'), /gast profile device unset {3}Unset/);
});

test('docs/guide/cli.md is up to date: node src/cli/write-guide.ts', () => {
  assert.equal(readFileSync(guidePath, 'utf8'), guide(all));
});

test('the version is that of package.json', () => {
  const file = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  assert.equal(version, file.version);
});
