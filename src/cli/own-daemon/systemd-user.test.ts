/** With programs in the place of systemd's that write down how they were called. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findUserManager } from './systemd-user.ts';

function makeUser(loginctl = 'exit 0') {
  const home = mkdtempSync(join(tmpdir(), 'gasthof-systemd-'));
  const program = (name: string, text: string) => {
    writeFileSync(join(home, name), `#!/bin/sh\necho "${name} $*" >> ${home}/calls\n${text}\n`);
    chmodSync(join(home, name), 0o755);
  };
  program('systemctl', 'exit 0');
  program('loginctl', loginctl);
  mkdirSync(join(home, 'run/systemd'), { recursive: true });
  writeFileSync(join(home, 'run/systemd/private'), '');
  const directory = join(home, '.local/share/gasthof');
  const env = { HOME: home, PATH: `${home}:/usr/bin:/bin`, XDG_RUNTIME_DIR: join(home, 'run'), GASTHOF_SOURCE: '1' };
  const manager = findUserManager(directory, env, 1000);
  assert.ok(manager);
  return {
    manager,
    lasting: join(home, '.config/systemd/user/gasthof.service'),
    passing: join(home, 'run/systemd/user/gasthof.service'),
    calls: () => {
      const calls = readFileSync(join(home, 'calls'), 'utf8').trim().split('\n');
      rmSync(join(home, 'calls'));
      return calls;
    },
    [Symbol.dispose]: () => rmSync(home, { recursive: true }),
  };
}

test('without a manager of this user there is none', () => {
  assert.equal(findUserManager('/x', { HOME: '/x', XDG_RUNTIME_DIR: '/nonexistent' }, 1000), undefined);
});

test('a start on demand uses a unit that is gone after the boot, written once', async () => {
  using user = makeUser();
  await user.manager.start();
  assert.match(readFileSync(user.passing, 'utf8'), /^Environment="GASTHOF_SOURCE=1"$/m);
  assert.ok(!existsSync(user.lasting) && !user.manager.isEnabled());
  const start = ['systemctl --user reset-failed gasthof.service', 'systemctl --user start gasthof.service'];
  assert.deepEqual(user.calls(), ['systemctl --user daemon-reload', ...start]);
  await user.manager.start();
  assert.deepEqual(user.calls(), start);
});

test('autostart keeps the unit and lets the user linger; without it, the running daemon keeps a unit (F12)', async () => {
  using user = makeUser('[ "$1" != show-user ] || echo Linger=no');
  await user.manager.enable();
  assert.ok(existsSync(user.lasting) && user.manager.isEnabled());
  assert.equal(await user.manager.lingers(), false);
  assert.equal(await user.manager.setLinger(true), undefined);
  const calls = user.calls();
  assert.ok(calls.includes('systemctl --user enable gasthof.service'));
  assert.ok(calls.includes('loginctl enable-linger'));
  await user.manager.disable();
  assert.ok(!existsSync(user.lasting) && existsSync(user.passing));
  assert.ok(user.calls().includes('systemctl --user disable gasthof.service'));
});

test('what systemd refuses is told in its words', async () => {
  using user = makeUser('echo "Access denied" >&2; exit 1');
  assert.equal(await user.manager.setLinger(true), 'Access denied');
});
