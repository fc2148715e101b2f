import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { chooseProject, chosenProject } from './chosen-project.ts';

test('a chosen project is remembered per server, until default is chosen; a broken file means none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gast-conf-'));
  try {
    const env = { GASTHOF_CONF: join(folder, 'deep') };
    assert.equal(chosenProject(env, '/a'), undefined);
    assert.equal(chooseProject(env, '/a', 'p1'), true);
    assert.equal(chooseProject(env, '/b', 'p2'), true);
    assert.deepEqual([chosenProject(env, '/a'), chosenProject(env, '/b')], ['p1', 'p2']);
    chooseProject(env, '/a', 'default');
    assert.deepEqual([chosenProject(env, '/a'), chosenProject(env, '/b')], [undefined, 'p2']);
    writeFileSync(join(folder, 'deep/projects.json'), '{"/b":');
    assert.equal(chosenProject(env, '/b'), undefined);
    assert.equal(chooseProject({}, '/b', 'p2'), false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
