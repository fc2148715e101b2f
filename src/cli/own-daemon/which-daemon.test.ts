import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe } from './which-daemon.ts';

test('the daemon that is meant is told, and the other one that could be', () => {
  const own = { socketPath: '/o/unix.socket', directory: '/o', whose: 'own', others: ['/var/lib/gasthof'] } as const;
  assert.deepEqual(describe({ ...own, others: [...own.others] }), {
    which: 'your own (/o)',
    others: ["the system's, with GASTHOF_DIR=/var/lib/gasthof"],
  });
  const named = { socketPath: '/s', directory: undefined, whose: 'named', others: [] } as const;
  assert.equal(describe({ ...named, others: [] }).which, 'GASTHOF_SOCKET=/s');
});
