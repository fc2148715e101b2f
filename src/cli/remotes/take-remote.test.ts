import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands } from '../commands.ts';
import { findCommand } from '../dispatch.ts';
import { takeRemote } from './take-remote.ts';

async function taken(line: string) {
  const found = findCommand(commands, line.split(' '));
  assert.ok(found.kind === 'command');
  const { remote, words } = takeRemote(await found.entry.load(), found.words, (name) =>
    ['otto', 'karl'].includes(name),
  );
  return `${remote ?? '-'} ${words.join(' ')}`.trim();
}

const lines: [string, string][] = [
  ['list', '-'],
  ['list otto:', 'otto'],
  ['list otto: -f csv', 'otto -f csv'],
  ['info otto:web', 'otto web'],
  ['info web', '- web'],
  ['delete otto:a otto:b', 'otto a b'],
  ['launch images:debian/12 web', '- images:debian/12 web'],
  ['launch otto:bb otto:c2', 'otto otto:bb c2'],
  ['exec otto:web -- echo otto:x', 'otto web -- echo otto:x'],
  ['exec otto:web echo otto:x', 'otto web echo otto:x'],
  ['config set otto:web user.note otto:x', 'otto web user.note otto:x'],
  ['config set otto: core.https_address=:8443', 'otto core.https_address=:8443'],
  ['config set core.https_address :8443', '- core.https_address :8443'],
  ['file push ./otto:x otto:web/tmp/', 'otto ./otto:x web/tmp/'],
  ['file pull otto:web/etc/hosts -', 'otto web/etc/hosts -'],
  ['list --project otto: karl:', 'karl --project otto:'],
  ['remote rename otto karl', '- otto karl'],
  ['config trust add otto:friend', 'otto friend'],
  ['storage create otto:p1 dir', 'otto p1 dir'],
];
for (const [line, wanted] of lines)
  test(`gast ${line}`, async () => {
    assert.equal(await taken(line), wanted);
  });

test('two servers in one call, and one that nobody knows, are refused', async () => {
  await assert.rejects(taken('delete otto:a karl:b'), /one server at a time/);
  await assert.rejects(taken('list nobody:'), /The remote "nobody" doesn't exist/);
});
