/**
 * What a machine is made of, as far as its memory depends on it: board, processors, devices and their places, in the words
 * that QEMU was started with. Memory goes back only into a machine of the same shape.
 */
import { HostError } from '../../lib/host-error.ts';
import type { Qmp } from './qmp.ts';

export type Shape = readonly string[];

const options = ['-machine', '-accel', '-cpu', '-smp', '-m', '-numa', '-global', '-device', '-object'];
/** Of objects, only memory is part of the machine; others are how the host serves it. */
const isPart = (option: string, value: string) =>
  options.includes(option) && (option !== '-object' || value.startsWith('memory-backend'));

export function shapeOf(words: readonly string[]): Shape {
  return words.flatMap((option, index) => {
    const value = words[index + 1] ?? '';
    // What is started from next, and the first size of the screen, are no matter of a machine that runs; and that it goes
    // on from memory is just what its generation tells it.
    return isPart(option, value) ? [`${option} ${value.replaceAll(/,(bootindex|[xy]res|guid)=[\da-f-]+/g, '')}`] : [];
  });
}

/** The name of a board may change its meaning with the next QEMU; this one does not: `pc-q35-7.2` for `q35`. */
export async function fullShape(shape: Shape, { ask }: Pick<Qmp, 'ask'>): Promise<{ type: string; shape: Shape }> {
  const machines = (await ask('query-machines')) as { name: string; alias?: string }[];
  const given = /^-machine ([^,]+)/.exec(shape.find((word) => word.startsWith('-machine ')) ?? '')?.[1] ?? '';
  const type = machines.find(({ alias }) => alias === given)?.name ?? given;
  const full = shape.map((word) => (word.startsWith('-machine ') ? word.replace(given, type) : word));
  return { type, shape: full };
}

/** Memory of a machine of the shape `then` for one of the shape `now`. */
export function refuseOther(then: Shape, now: Shape): void {
  const gone = then.filter((word) => !now.includes(word));
  const come = now.filter((word) => !then.includes(word));
  if (gone.length === 0 && come.length === 0) return;
  const list = (words: readonly string[]) => (words.length > 0 ? words.join('; ') : 'nothing');
  throw new HostError(`the memory belongs to a machine with other parts: then ${list(gone)}, now ${list(come)}`, {
    help: 'give the machine the devices, processors and memory that it had, or start it without its memory',
  });
}

/** Devices whose state lies outside of QEMU. */
const outside: Record<string, string> = {
  'vhost-user-fs': 'a directory of the host',
  'vfio-': 'a device of the host',
  'usb-host': 'a USB device of the host',
};

/** Throws when the machine has parts that cannot be put into it again, or cannot be saved. */
export async function refuseUnsaveable(shape: Shape, { ask }: Pick<Qmp, 'ask'>): Promise<void> {
  for (const word of shape)
    for (const [driver, what] of Object.entries(outside))
      if (word.startsWith(`-device ${driver}`) || word.includes(`"driver":"${driver}`))
        throw new HostError(`the memory of a machine that is given ${what} cannot be saved`, {
          help: 'take it out of the machine first',
        });
  const known = new Set(shape.flatMap((word) => idOf(word) ?? []));
  const rows = (await ask('qom-list', { path: '/machine/peripheral' })) as { name: string; type: string }[];
  const present = rows.filter(({ type }) => type.startsWith('child<')).map(({ name }) => name);
  const plugged = [...present.filter((id) => !known.has(id)), ...[...known].filter((id) => !present.includes(id))];
  if (plugged.length > 0)
    throw new HostError(`devices of the machine have changed since it started: ${plugged.join(', ')}`, {
      help: 'its memory can be saved after its next start, and when no command of "exec" runs in it',
    });
}

function idOf(word: string): string | undefined {
  if (!word.startsWith('-device ')) return undefined;
  return (/[ ,]id=([^,]+)/.exec(word) ?? /"id": ?"([^"]+)"/.exec(word))?.[1];
}
