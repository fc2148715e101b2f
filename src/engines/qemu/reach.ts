/** How a running machine is reached: one client at a time at its monitor and at its agent; whoever comes second waits. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createKeyedQueue } from '../../lib/keyed-queue.ts';
import { checkId } from '../guest-id.ts';
import { type Agent, listens, noAgent, withAgent } from './agent.ts';
import { createAgentLines } from './agent-lines.ts';
import type { Layout } from './layout.ts';
import { type Qmp, withMonitor } from './qmp.ts';
import { runningQemu } from './record.ts';

/** All reject with `HostError` when the machine does not run. */
export type Reach = {
  monitor<T>(id: string, work: (qmp: Qmp) => Promise<T>): Promise<T>;
  /** Undefined, too, while somebody keeps the monitor for longer, as a machine does that moves. */
  glance<T>(id: string, work: (qmp: Qmp) => Promise<T>): Promise<T | undefined>;
  /** One command at the monitor. */
  order(id: string, command: string, args?: Record<string, unknown>): Promise<unknown>;
  /**
   * Rejects with ETIMEDOUT when it does not answer within `waitMs`, and at once where none is there; without a time, one that
   * is still to come is waited for.
   */
  agent<T>(id: string, work: (agent: Agent) => Promise<T>, waitMs?: number): Promise<T>;
  /** What is kept of a machine that has ended. */
  forget(id: string): void;
} & Disposable;

const glanceMs = 500;
/** How long an agent may take that is to come: a guest that starts has it late. */
const comingMs = 3000;
const lookMs = 50;

export function createReach(layout: Layout): Reach {
  const inTurn = createKeyedQueue();
  const agentLines = createAgentLines((id) => layout.socket(id, 'agent'));
  const monitor: Reach['monitor'] = async (id, work) => {
    runningQemu(layout, checkId(id));
    return inTurn(`${id}/monitor`, () => withMonitor(layout.socket(id, 'monitor'), work));
  };
  /** Machines of which a glance still waits. */
  const kept = new Set<string>();
  const glance: Reach['glance'] = async (id, work) => {
    if (kept.has(id)) return undefined;
    const asked = monitor(id, work);
    const late = new AbortController();
    const settled = asked.finally(() => {
      late.abort();
      kept.delete(id);
    });
    const tooLate = sleep(glanceMs, undefined, { signal: late.signal }).then(() => void kept.add(id));
    tooLate.catch(() => {});
    return Promise.race([settled, tooLate.catch(() => settled)]);
  };
  return {
    monitor,
    glance,
    order: (id, command, args) => monitor(id, (qmp) => qmp.ask(command, args)),
    async agent(id, work, waitMs) {
      runningQemu(layout, checkId(id));
      const until = Date.now() + (waitMs === undefined ? comingMs : 0);
      while ((await glance(id, listens)) === false) {
        if (Date.now() >= until) throw noAgent();
        await sleep(lookMs);
      }
      return inTurn(`${id}/agent`, () => agentLines.use(id, (line) => withAgent(line, work, waitMs)));
    },
    forget: agentLines.forget,
    [Symbol.dispose]: () => agentLines[Symbol.dispose](),
  };
}
