/** The stable id of a guest: 12 hexadecimal digits. Everything that becomes a path goes through here. */
import { HostError } from '../lib/host-error.ts';

export function checkId(id: string): string {
  if (!isGuestId(id)) throw new HostError(`"${id}" is no guest id: 12 hexadecimal digits are expected`);
  return id;
}

export function isGuestId(name: string): boolean {
  return /^[0-9a-f]{12}$/.test(name);
}
