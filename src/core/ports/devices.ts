/**
 * THE DEVICES PORT: what kinds of devices there are. A type is a key table, a check, and renderers into the neutral parts of
 * a guest: parts of its tree, a network card, a forward. They are applied when it starts and, while it runs, when a device
 * comes, changes or goes; engines, networks and proxies never hear a type's name. A new type is one file in
 * `devices/` and one line in its table.
 */
import type { KeyTable } from '../../api/config-keys/key.ts';
import type { GuestPart } from './engine.ts';
import type { DiskBus } from './machine-parts.ts';
import type { NicKind } from './network.ts';
import type { ProxySpec } from './proxies.ts';

export type DeviceConfig = Record<string, string>;

/** `parent` is empty where there is none, `mtu` 0 for that of the parent. */
export type OtherCard = {
  kind: Exclude<NicKind, 'bridged'>;
  parent: string;
  addresses: string[];
};

/** `translated`: by the kernel, to the guest's own address. */
export type Forward = Pick<ProxySpec, 'side' | 'listen' | 'connect' | 'proxyProtocol' | 'socket' | 'connectAs'> & {
  translated: boolean;
};

/**
 * What a virtual machine gets of a device. `elsewhere`: nothing of its own, as it is its root disk, a card or a forward. A
 * disk is a share when its source turns out to be a directory.
 */
export type MachineDevice =
  | { kind: 'elsewhere' }
  | { kind: 'disk'; bus?: DiskBus; readOnly: boolean; optional: boolean }
  | { kind: 'usb'; nodes: string[] };

export type DeviceType = {
  name: string;
  keys: KeyTable;
  /** Why the config of this device is refused, beyond the key table; undefined when it is fine. */
  invalid?(config: DeviceConfig, device: string): string | undefined;
  /**
   * Why this host cannot give it to a guest now, whatever else is in the config; undefined when it can. Asked when the device
   * comes or is changed, so that nobody has to wait for the start to hear of it.
   */
  unavailable?(config: DeviceConfig): string | undefined;
  /** Root file system of the instance. */
  isRoot?(config: DeviceConfig): boolean;
  /** The managed network that a card of this type is connected to. */
  network?(config: DeviceConfig): string | undefined;
  /** A card that is on no managed network. */
  otherCard?(config: DeviceConfig): OtherCard | undefined;
  /** Connections that are carried between host and guest. */
  forward?(config: DeviceConfig): Forward | undefined;
  /** The custom volume that it shows: pool, name, and a path inside. */
  volume?(config: DeviceConfig): DeviceVolume | undefined;
  /** A TPM of a virtual machine. */
  isTpm?(config: DeviceConfig): boolean;
  /** For virtual machines; a text says why they cannot have it. Absent: they are offered none of this kind. Throws like `parts`. */
  inMachine?(config: DeviceConfig): MachineDevice | string;
  /** Containers cannot have it. */
  isForMachines?: boolean;
  /** Mounts and device nodes; their ids begin with the name of the device. Throws `HostError` when the host lacks something. */
  parts?(config: DeviceConfig, device: string, volumes: VolumePlaces): GuestPart[];
};

export type DeviceVolume = { pool: string; name: string; subpath: string };
/** Where the files of a volume lie. Throws when it is not there. */
export type VolumePlaces = (volume: DeviceVolume) => { directory: string; unmapped: boolean };

export type DeviceTypes = readonly DeviceType[];
