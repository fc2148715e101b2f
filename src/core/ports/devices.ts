/**
 * THE DEVICES PORT: what kinds of devices there are. A type is a key table, a check, and renderers into the neutral parts of
 * a guest's spec; engines never hear a type's name. A new type is one file in `devices/` and one line in its table.
 */
import type { KeyTable } from '../../api/config-keys/key.ts';
import type { GuestMount } from './engine.ts';

export type DeviceConfig = Record<string, string>;

export type DeviceType = {
  name: string;
  keys: KeyTable;
  /** Why the config of this device is refused, beyond the key table; undefined when it is fine. */
  invalid?(config: DeviceConfig, device: string): string | undefined;
  /** Root file system of the instance. */
  isRoot?(config: DeviceConfig): boolean;
  /** The managed network that a card of this type is connected to. */
  network?(config: DeviceConfig): string | undefined;
  mount?(config: DeviceConfig): GuestMount | undefined;
};

export type DeviceTypes = readonly DeviceType[];
