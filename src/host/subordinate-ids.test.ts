/** libexec/subordinate-ids with made-up files: what a user may use, and what is said where that is wrong (B10). */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { libexec } from './libexec.ts';

/** The answer for anna with the id 1000: lines of arguments, or what was wrong. `undefined`: the file is missing. */
function ask(subuid: string | undefined, subgid: string | undefined = subuid, passwd = ''): string {
  const etc = mkdtempSync(join(tmpdir(), 'gasthof-etc-'));
  try {
    for (const [name, text] of Object.entries({ subuid, subgid, passwd }))
      if (text !== undefined) writeFileSync(join(etc, name), text);
    const { status, stdout, stderr } = spawnSync(libexec('subordinate-ids'), ['anna', '1000', etc], {
      encoding: 'utf8',
    });
    assert.equal(status, stderr === '' ? 0 : 1, stderr);
    return (status === 0 ? stdout : stderr).trim().replaceAll(`${etc}/`, '/etc/');
  } finally {
    rmSync(etc, { recursive: true });
  }
}

const twice = (line: string) => `${line}\n ${line}`;

test('lines of the user’s name and id count, in order and without gaps; comments and other people’s rubbish do not', () => {
  assert.equal(ask('# x\nbroken\nanna:100000:65536 # y\n'), twice('0 100000 65536'));
  assert.equal(ask('anna:100000:65536\nbob:1:1\n1000:400000:65536\n'), twice('0 100000 65536 65536 400000 65536'));
});

test('of fewer ids than 65535 the last becomes nobody', () => {
  assert.equal(ask('anna:100000:1000\n'), twice('0 100000 999 65534 100999 1'));
  assert.equal(ask('anna:100000:600\nanna:300000:400\n'), twice('0 100000 600 600 300000 399 65534 300399 1'));
  assert.equal(ask('anna:100000:65535\n'), twice('0 100000 65535'));
});

test('no ids: the line for the administrator names a range that nobody has', () => {
  const none = 'no subordinate ids for anna in /etc/subuid and /etc/subgid';
  assert.equal(
    ask('bob:100000:65536\n'),
    `${none}; as root: usermod --add-subuids 165536-231071 --add-subgids 165536-231071 anna`,
  );
  assert.equal(
    ask('anna:100000:65536\n', 'bob:200000:65536\n'),
    `${none}; as root: usermod --add-subgids 265536-331071 anna`,
  );
  assert.match(ask(undefined), /as root: touch \/etc\/subuid \/etc\/subgid && usermod --add-subuids 100000-165535/);
  assert.match(ask('bob:100000:600000000\n'), /none below 600100000 are left; as root, take back/);
});

test('damaged lines of the user are named', () => {
  for (const line of ['anna:x:65536', 'anna:100000', 'anna:100000:0', 'anna:4294967000:65536', 'anna:-5:65536'])
    assert.match(
      ask(`root:1:1\n${line}\n`),
      /^line 2 of \/etc\/subuid is damaged \(anna:.*as root, make it NAME:FIRST:COUNT/,
    );
  assert.match(ask('anna:100000:1\n'), /^one subordinate id for anna in \/etc\/subuid is too few; as root: usermod/);
});

test('ids that others have, too, are refused', () => {
  assert.equal(
    ask('anna:100000:65536\nbob:130000:65536\n'),
    'line 1 of /etc/subuid gives anna ids that bob has, too (line 2), so that their guests could disturb each other; ' +
      'as root, take it away, then: usermod --add-subuids 195536-261071 anna',
  );
  assert.match(
    ask('anna:100000:65536\n1000:100000:65536\n'),
    /^lines 1 and 2 of \/etc\/subuid give anna the same ids twice/,
  );
  assert.match(
    ask('anna:1000:65536\n', undefined, 'carl:x:1001:1001::/:/bin/sh\n'),
    /gives anna the id 1001, which is that of carl on this host/,
  );
});
