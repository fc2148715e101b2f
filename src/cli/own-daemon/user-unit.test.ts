import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderUnit, unitName } from './user-unit.ts';

const home = '/home/anna/.local/share/gasthof';

test('each directory has a unit of its own; the usual one has the plain name', () => {
  assert.equal(unitName(home, home), 'gasthof.service');
  assert.match(unitName('/data/other', home), /^gasthof-[0-9a-f]{6}\.service$/);
});

test('the unit keeps guests alive and asks for control groups (F12)', () => {
  const unit = renderUnit({ program: '/opt/gasthof/bin/gasthofd', directory: home, env: {} });
  for (const line of [
    'ExecStart="/opt/gasthof/bin/gasthofd"',
    `Environment="GASTHOF_DIR=${home}"`,
    `StandardOutput=append:${home}/logs/gasthofd.log`,
    'KillMode=process',
    'Restart=on-failure',
    'Delegate=yes',
    'DelegateSubgroup=gasthofd',
    'WantedBy=default.target',
  ])
    assert.ok(unit.split('\n').includes(line), line);
});

test('specifiers, quotes and backslashes in paths and settings mean themselves', () => {
  const unit = renderUnit({ program: '/a b/50%/gasthofd', directory: home, env: { https_proxy: 'http://u:"\\%41@p' } });
  assert.match(unit, /^ExecStart="\/a b\/50%%\/gasthofd"$/m);
  assert.match(unit, /^Environment="https_proxy=http:\/\/u:\\"\\\\%%41@p"$/m);
});
