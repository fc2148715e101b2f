/** File systems inside a machine that stand still: seen past the daemon, which may be dead. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { withAgent } from '../../src/engines/qemu/agent.ts';
import { openJsonLines } from '../../src/engines/qemu/json-lines.ts';
import { createLayout } from '../../src/engines/qemu/layout.ts';
import type { TestDaemon } from '../daemon.ts';

/** Of the only machine that the daemon has running. */
export function stillFiles({ names }: TestDaemon) {
  const layout = createLayout(join(names.stage, 'machines'), '', '');
  const [id = ''] = readdirSync(layout.machines);
  return {
    /** Resolves as soon as the daemon is about to freeze them. */
    async begin(): Promise<void> {
      for (const deadline = Date.now() + 20_000; !existsSync(layout.stillFiles(id)); await setTimeout(1))
        if (Date.now() > deadline) throw new Error('nobody freezes the file systems');
    },
    /** Nobody else may be connected to the agent. */
    async areFrozen(): Promise<boolean> {
      using line = openJsonLines(layout.socket(id, 'agent'), 'the guest agent');
      return (await withAgent(line, ({ ask }) => ask('guest-fsfreeze-status'))) === 'frozen';
    },
  };
}
