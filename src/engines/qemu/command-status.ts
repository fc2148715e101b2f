/** How it stands with a command that a guest agent has started. */
import type { Agent } from './agent.ts';

/** `exitcode` or `signal` when it has exited. */
type Status = { exited: boolean; exitcode?: number; signal?: number };
export type Look = (agent: Agent) => Promise<Status>;

/** The agent tells the end of a command once and forgets it then: who asks later is told what it said. */
export function lookAt(pid: number): Look {
  let last: Status | undefined;
  return async ({ ask }) => {
    if (!last?.exited) last = (await ask('guest-exec-status', { pid })) as Status;
    return last;
  };
}
