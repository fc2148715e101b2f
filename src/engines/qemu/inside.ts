/** What the agent of a machine tells and does beyond commands: passwords, which system it is. */
import type { GuestSystem, MachineInside } from '../../core/ports/machine-inside.ts';
import type { Agent } from './agent.ts';
import type { Reach } from './reach.ts';

type Glance = <T>(id: string, work: (agent: Agent) => Promise<T>) => Promise<T | undefined>;

/** `glance` gives up soon, and does not ask again at once. */
export function createInside({ agent }: Pick<Reach, 'agent'>, glance: Glance): MachineInside {
  return {
    async setPassword(id, username, password) {
      const words = { username, password: Buffer.from(password).toString('base64'), crypted: false };
      await agent(id, ({ ask }) => ask('guest-set-user-password', words));
    },
    system: (id) => glance(id, askSystem),
  };
}

async function askSystem({ ask }: Agent): Promise<GuestSystem> {
  const system = (await ask('guest-get-osinfo')) as Record<string, string | undefined>;
  const host = (await ask('guest-get-host-name')) as Record<string, string | undefined>;
  return {
    os: system.name ?? system.id ?? '',
    version: system['version-id'] ?? '',
    kernel: system['kernel-release'] ?? '',
    hostname: host['host-name'] ?? '',
  };
}
