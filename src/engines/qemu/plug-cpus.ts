/** CPUs of a machine that runs: as many as it may have, those with which it began are its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HostError } from '../../lib/host-error.ts';
import { monitorOf, takeOut } from './plug.ts';
import type { Qmp } from './qmp.ts';
import type { Reach } from './reach.ts';

type Place = { type: string; 'qom-path'?: string; props: Record<string, number> };
type Vcpu = { 'logical-id': number; online: boolean; 'can-offline'?: boolean };

const onlineMs = 5000;
const lookMs = 200;
const idOf = (index: number) => `cpu-${index}`;

export async function setCpus(reach: Pick<Reach, 'monitor' | 'agent'>, id: string, wanted: number): Promise<void> {
  const places = await reach.monitor(id, askPlaces);
  const present = places.filter((place) => place['qom-path'] !== undefined).length;
  if (wanted > places.length)
    throw new HostError(`limits.cpu: the machine was started with room for ${places.length} CPUs`, {
      help: 'stop it, set the limit and start it again',
    });
  if (wanted > present) {
    await reach.monitor(id, async (qmp) => {
      for (const [index, { type, props, ...rest }] of places.entries())
        if (index < wanted && rest['qom-path'] === undefined)
          await qmp.ask('device_add', { driver: type, id: idOf(index), ...props });
    });
    await bringUp(reach, id, wanted);
  }
  for (let index = present - 1; index >= wanted; index--) {
    if (!places[index]?.['qom-path']?.endsWith(`/${idOf(index)}`))
      throw new HostError(`limits.cpu: the machine was started with ${index + 1} CPUs and keeps them while it runs`, {
        help: 'stop it, set the limit and start it again',
      });
    await takeOut(monitorOf(reach)(id), idOf(index));
  }
}

/** In the order in which they are filled. */
async function askPlaces(qmp: Qmp): Promise<Place[]> {
  const rank = ({ props }: Place) =>
    ((props['socket-id'] ?? 0) * 4096 + (props['core-id'] ?? 0)) * 4096 + (props['thread-id'] ?? 0);
  return ((await qmp.ask('query-hotpluggable-cpus')) as Place[]).sort((a, b) => rank(a) - rank(b));
}

/** Many systems leave a new CPU alone until somebody says that it is to work; one without an agent does it by itself. */
async function bringUp({ agent }: Pick<Reach, 'agent'>, id: string, wanted: number): Promise<void> {
  const deadline = Date.now() + onlineMs;
  try {
    for (;;) {
      const seen = await agent(id, async ({ ask }) => {
        const cpus = (await ask('guest-get-vcpus')) as Vcpu[];
        const off = cpus
          .filter(({ online }) => !online)
          .map((cpu) => ({ 'logical-id': cpu['logical-id'], online: true }));
        if (off.length > 0) await ask('guest-set-vcpus', { vcpus: off });
        return cpus.length;
      });
      if (seen >= wanted || Date.now() > deadline) return;
      await sleep(lookMs);
    }
  } catch {
    // The CPUs are there; a guest without an agent is told so by the documentation.
  }
}
