/** The console of a guest: several viewers, one of them may be taken over by `force`. */
import { fail } from '../../api/errors.ts';
import type { InstanceConsolePost } from '../../api/resources/instances.ts';
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import type { ConsoleSession } from '../ports/engine.ts';
import { isSize } from './exec.ts';
import { pumpIn, pumpOut } from './pump.ts';

type Needs = Pick<House, 'engines' | 'runtime' | 'consoles'>;

export function checkConsole(house: Needs, doc: InstanceDoc, body: InstanceConsolePost): void {
  if (!house.runtime.get(doc.id)) fail('instance.not-running', { name: doc.name });
  const close = house.consoles.get(doc.id);
  if (close && !body.force) fail('console.busy');
  close?.();
}

export async function runConsole(house: Needs, doc: InstanceDoc, body: InstanceConsolePost, task: Task): Promise<void> {
  const control = await task.channel('control');
  const channel = await task.channel('0');
  const session = await house.engines[doc.type].console(doc.id);
  let left = false;
  const close = () => {
    left = true;
    session.close();
    channel.close();
    control.close();
  };
  house.consoles.set(doc.id, close);
  task.signal.addEventListener('abort', close, { once: true });
  try {
    if (body.width && body.height) session.resize(body.width, body.height);
    control.onMessage((data) => resize(session, data));
    control.onClose(close);
    channel.onClose(close);
    pumpIn(channel, session.input);
    await pumpOut(session.output, channel);
  } catch (error) {
    // A viewer who leaves cuts the stream; that is no failure.
    if (!left) throw error;
  } finally {
    if (house.consoles.get(doc.id) === close) house.consoles.delete(doc.id);
    close();
  }
}

function resize(session: ConsoleSession, data: Uint8Array): void {
  try {
    const { command, args } = JSON.parse(Buffer.from(data).toString('utf8'));
    const [width, height] = [Number(args?.width), Number(args?.height)];
    if (command === 'window-resize' && isSize(width) && isSize(height)) session.resize(width, height);
  } catch {
    // A broken message of a client changes nothing.
  }
}
