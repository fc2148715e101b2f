/** Calls on the screen of a machine that are no streams: a picture of it, and keys. */
import { fail } from '../../api/errors.ts';
import type { RawReply } from '../../api/handlers.ts';
import { HostError } from '../../lib/host-error.ts';
import { parseChord } from '../../lib/keyboard.ts';
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import { runningScreen } from './viewing.ts';

type Needs = Pick<House, 'engines' | 'runtime'>;

export async function takePicture(house: Needs, doc: InstanceDoc): Promise<RawReply> {
  const screens = await runningScreen(house, doc, 'vnc');
  return { headers: { 'Content-Type': 'image/png' }, body: await told(doc, () => screens.picture(doc.id)) };
}

/** All names are looked at before the first key is pressed. */
export async function pressKeys(house: Needs, doc: InstanceDoc, keys: readonly string[]): Promise<void> {
  const chords = keys.map((key) => parseChord(key) ?? fail('screen.key', { key }));
  const screens = await runningScreen(house, doc, 'vnc');
  await told(doc, () => screens.press(doc.id, chords));
}

async function told<T>({ name }: InstanceDoc, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HostError) fail('screen.missing', { name, reason: error.message }, error);
    throw error;
  }
}
