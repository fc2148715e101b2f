/** Sets the password of a user inside a virtual machine. The password itself is told to nobody but the machine's agent. */
import { fail } from '../../api/errors.ts';
import type { InstancePasswordPost } from '../../api/resources/instances.ts';
import { HostError } from '../../lib/host-error.ts';
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';

export async function setPassword(
  house: Pick<House, 'engines' | 'runtime'>,
  { id, name, type, phase }: InstanceDoc,
  { user, password }: InstancePasswordPost,
): Promise<void> {
  const { inside } = house.engines[type];
  if (!inside) fail('password.containers', { name });
  if (!house.runtime.get(id)) fail('instance.not-running', { name });
  if (phase === 'frozen') fail('instance.frozen', { name });
  // Tools take a line for each user.
  if (/[:\n\r\0]/.test(user) || /[\n\r\0]/.test(password)) fail('password.characters');
  try {
    await inside.setPassword(id, user, password);
  } catch (error) {
    if (error instanceof HostError) fail('password.refused', { user, name, reason: error.message }, error);
    throw error;
  }
}
