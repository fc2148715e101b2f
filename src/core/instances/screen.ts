/** The screen of a virtual machine by its config: with which it starts, and what a new size means to one that runs. */
import { instanceKeys } from '../../api/config-keys/instance.ts';
import { findKey } from '../../api/config-keys/key.ts';
import { fail } from '../../api/errors.ts';
import { HostError } from '../../lib/host-error.ts';
import { parseScreenSize, type ScreenSize, screenSizeText } from '../../lib/screen-size.ts';
import type { House } from '../house.ts';
import type { ConfigMap, InstanceDoc } from '../model.ts';
import { type MachineScreen, videoDevices } from '../ports/machine-screen.ts';

/** What was asked for, and what the guest shows now: the same where it followed. Told in the operation's metadata. */
export type ScreenChange = { asked: string; shown: string };

const valueOfKey = (config: ConfigMap, key: string) => config[key] ?? findKey(instanceKeys, key)?.default ?? '';
const sizeOf = (config: ConfigMap): ScreenSize =>
  parseScreenSize(valueOfKey(config, 'display.resolution')) ?? { width: 1280, height: 800 };

/** Undefined for a machine without one. */
export function screenOf(config: ConfigMap): MachineScreen | undefined {
  const device = videoDevices.find((name) => name === valueOfKey(config, 'display.type'));
  return device && { device, size: sizeOf(config) };
}

/**
 * Tells a machine that runs of its new size. Refused where its video device cannot, so that nobody believes a size that is
 * not there. The machine itself is asked what it has: its config may speak of the next start already.
 */
export async function resizeScreen(
  house: Pick<House, 'engines' | 'runtime'>,
  doc: Pick<InstanceDoc, 'id' | 'name' | 'type'>,
  before: ConfigMap,
  after: ConfigMap,
): Promise<ScreenChange | undefined> {
  const { screens } = house.engines[doc.type];
  const asked = screenSizeText(sizeOf(after));
  if (!screens || !house.runtime.get(doc.id) || asked === screenSizeText(sizeOf(before))) return undefined;
  try {
    const missing = await screens.missing(doc.id, 'vnc');
    if (missing !== undefined) return fail('screen.missing', { name: doc.name, reason: missing });
    const { refused, shown } = await screens.resize(doc.id, sizeOf(after));
    const reason = 'its video device cannot tell the guest of another size';
    if (refused) return fail('screen.size', { name: doc.name, shown: screenSizeText(shown), reason });
    return { asked, shown: screenSizeText(shown) };
  } catch (error) {
    if (error instanceof HostError) fail('screen.missing', { name: doc.name, reason: error.message }, error);
    throw error;
  }
}
