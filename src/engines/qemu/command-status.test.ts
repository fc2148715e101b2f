import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Agent } from './agent.ts';
import { lookAt } from './command-status.ts';

test('the end of a command is told to everybody who asks, though the agent tells it once', async () => {
  const answers: object[] = [{ exited: false }, { exited: true, exitcode: 7 }];
  const agent: Agent = {
    async ask(command, args) {
      assert.deepEqual([command, args], ['guest-exec-status', { pid: 42 }]);
      return answers.shift() ?? assert.fail('PID 42 does not exist');
    },
    tell: async () => {},
  };
  const look = lookAt(42);
  assert.equal((await look(agent)).exited, false);
  assert.deepEqual([await look(agent), await look(agent)], Array(2).fill({ exited: true, exitcode: 7 }));
});
