/** Types of volumes in addresses. */
import { fail } from '../../api/errors.ts';

const types = ['custom', 'container', 'virtual-machine', 'image'];

export const isVolumeType = (type: string): boolean => types.includes(type);

/** Volumes of guests and images are made and changed through their owners. */
export function onlyCustom(type: string): void {
  if (type !== 'custom') fail('volume.type', { type });
}
