/**
 * THE DEVICES PORT: what kinds of devices there are. A type is a key table, a check, and renderers into the neutral parts of
 * a guest: parts of its tree, a network card, a forward. They are applied when it starts and, while it runs, when a device
 * comes, changes or goes; engines, networks and proxies never hear a type's name. A new type is one file in `devices/` and one line in its table.
 */
import type { KeyTable } from '../../api/config-keys/key.ts';
import type { GuestPart } from './engine.ts';

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
  /** Mounts and device nodes; their ids begin with the name of the device. Throws `HostError` when the host lacks something. */
  parts?(config: DeviceConfig, device: string): GuestPart[];
};

export type DeviceTypes = readonly DeviceType[];
