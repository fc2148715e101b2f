/**
 * Looking at the screen of a virtual machine: an operation, for as long as somebody looks. Each websocket of its data is a
 * connection of its own to the machine, for SPICE has one for each of its channels, and a browser that lost one makes another.
 */
import { ApiError, fail } from '../../api/errors.ts';
import type { Channel } from '../../api/handlers.ts';
import { HostError } from '../../lib/host-error.ts';
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import type { ScreenProtocol, Screens } from '../ports/machine-screen.ts';
import { pumpIn, pumpOut } from './pump.ts';

type Needs = Pick<House, 'engines' | 'runtime' | 'consoles'>;

/** As clients name them: `vga` is Incus's name for SPICE. */
const protocols: ReadonlyMap<string, ScreenProtocol> = new Map([
  ['vga', 'spice'],
  ['vnc', 'vnc'],
]);

/** How long the work waits for the first client. */
const arrivalMs = 10_000;

/** The protocol that `type` stands for, or undefined for the serial console. */
export const screenProtocol = (type: string | undefined): ScreenProtocol | undefined => {
  if (type === undefined || type === '' || type === 'console') return undefined;
  return protocols.get(type) ?? fail('console.type', { type });
};

/** The screens of a machine that runs and has one, else an error that says so. */
export async function runningScreen(
  house: Pick<Needs, 'engines' | 'runtime'>,
  doc: InstanceDoc,
  protocol: ScreenProtocol,
): Promise<Screens> {
  const { screens } = house.engines[doc.type];
  if (!screens) return fail('screen.containers');
  if (!house.runtime.get(doc.id)) fail('instance.not-running', { name: doc.name });
  const reason = await missing(screens, doc.id, protocol);
  if (reason !== undefined) fail('screen.missing', { name: doc.name, reason });
  return screens;
}

async function missing(screens: Screens, id: string, protocol: ScreenProtocol): Promise<string | undefined> {
  try {
    return await screens.missing(id, protocol);
  } catch (error) {
    if (error instanceof HostError) return error.message;
    throw error;
  }
}

/** SPICE shows a screen to one viewer only, who would be thrown out by a second one without a word; VNC to many. */
export async function checkViewing(
  house: Needs,
  doc: InstanceDoc,
  protocol: ScreenProtocol,
  force: boolean,
): Promise<void> {
  await runningScreen(house, doc, protocol);
  const close = protocol === 'spice' ? house.consoles.get(spiceKey(doc)) : undefined;
  if (close && !force) fail('console.busy');
  close?.();
}

const spiceKey = ({ id }: Pick<InstanceDoc, 'id'>) => `${id}/spice`;

export async function runViewing(house: Needs, doc: InstanceDoc, protocol: ScreenProtocol, task: Task): Promise<void> {
  const { screens } = house.engines[doc.type];
  if (!screens) return fail('screen.containers');
  const open = new Set<Channel>();
  const { promise: over, resolve: end, reject } = Promise.withResolvers<void>();
  const nobody = () => reject(new ApiError('operation.no-client', { name: '0', seconds: arrivalMs / 1000 }));
  const arrival = setTimeout(nobody, arrivalMs);
  let controls = 0;
  const arrived = (channel: Channel, gone: () => void) => {
    clearTimeout(arrival);
    open.add(channel);
    channel.onClose(() => {
      open.delete(channel);
      gone();
    });
  };
  task.eachChannel('control', (channel) => {
    controls++;
    arrived(channel, end);
  });
  task.eachChannel('0', (channel) => {
    // A viewer without a control channel is there as long as it is connected.
    arrived(channel, () => {
      if (controls === 0 && open.size === 0) end();
    });
    carry(screens, doc.id, protocol, channel).finally(() => channel.close());
  });
  const abort = () => reject(task.signal.reason);
  task.signal.addEventListener('abort', abort, { once: true });
  if (protocol === 'spice') house.consoles.set(spiceKey(doc), end);
  const stop = new AbortController();
  house.runtime.whenEnded(doc.id, undefined, stop.signal).then(
    () => end(),
    () => {},
  );
  try {
    await over;
  } finally {
    stop.abort();
    clearTimeout(arrival);
    task.signal.removeEventListener('abort', abort);
    if (house.consoles.get(spiceKey(doc)) === end) house.consoles.delete(spiceKey(doc));
    for (const channel of [...open]) channel.close();
  }
}

/** Until one side ends it: a viewer that leaves, or a machine that does, is no failure. */
async function carry(screens: Screens, id: string, protocol: ScreenProtocol, channel: Channel): Promise<void> {
  try {
    const stream = await screens.open(id, protocol);
    channel.onClose(() => stream.destroy());
    pumpIn(channel, stream);
    await pumpOut(stream, channel);
  } catch {
    // The connection ends, which tells it.
  }
}
