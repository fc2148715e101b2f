/** Whether machines run, stand still or wait for their memory; and the ways between these. */
import type { MachineStates } from '../../core/ports/machine-states.ts';
import { HostError } from '../../lib/host-error.ts';
import type { Agent } from './agent.ts';
import type { Layout } from './layout.ts';
import { callOff, runOn, runState } from './migrating.ts';
import type { Reach } from './reach.ts';
import { listMachines, readRecord } from './record.ts';
import { saveState } from './states.ts';

const nsPerMs = 1_000_000;
const putClockRight = ({ ask }: Agent) => ask('guest-set-time', { time: Date.now() * nsPerMs });

type RunState = 'created' | 'running' | 'frozen';

/** QEMU's words for what does not run; all others do, as far as anybody can tell. */
const otherStates: Record<string, RunState> = {
  inmigrate: 'created',
  paused: 'frozen',
  'io-error': 'frozen',
  postmigrate: 'frozen',
  'finish-migrate': 'frozen',
};

export type RunStates = ReturnType<typeof createRunStates>;

export function createRunStates(layout: Layout, { monitor, agent }: Pick<Reach, 'monitor' | 'agent'>) {
  /** Machines of earlier daemons: their memory may be on the way to where nobody waits for it any more. */
  const inherited = new Set(listMachines(layout));

  return {
    stateOf: (id: string): Promise<RunState> =>
      monitor(id, async (qmp) => {
        if (inherited.delete(id)) await callOff(qmp);
        return otherStates[await runState(qmp)] ?? 'running';
      }).catch(() => 'running' as const),

    async unfreeze(id: string): Promise<void> {
      await monitor(id, runOn);
      // What goes on from memory thinks that it is then. Whether an agent hears it makes no difference to the machine.
      if (readRecord(layout, id)?.state !== undefined) void agent(id, putClockRight).catch(() => {});
    },

    states: {
      async save(id, path, options = {}) {
        const shape = readRecord(layout, id)?.shape;
        if (!shape) throw new HostError(`guest ${id} was started by an older version`, { help: 'restart it first' });
        return monitor(id, (qmp) => saveState(qmp, { shape, path }, options));
      },
    } satisfies MachineStates,
  };
}
