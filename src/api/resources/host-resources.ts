/** `GET /1.0/resources`: processors, memory, disks and cards of the host. */
import { type Static, type TSchema, Type } from 'typebox';
import type { RouteTable } from '../route.ts';

const Text = Type.String();
const Int = Type.Integer();
const Flag = Type.Boolean();
const list = <T extends TSchema>(item: T) => Type.Array(item);

const Cpu = Type.Object({
  architecture: Text,
  sockets: list(
    Type.Object({
      name: Text,
      vendor: Text,
      socket: Int,
      cache: list(Type.Object({ level: Int, type: Text, size: Int })),
      cores: list(
        Type.Object({
          core: Int,
          die: Int,
          threads: list(Type.Object({ id: Int, numa_node: Int, thread: Int, online: Flag, isolated: Flag })),
          flags: list(Text),
        }),
      ),
      frequency: Type.Optional(Int),
      frequency_minimum: Type.Optional(Int),
      frequency_turbo: Type.Optional(Int),
    }),
  ),
  total: Int,
});

const huge = { hugepages_used: Int, hugepages_total: Int };
const Memory = Type.Object({
  nodes: list(Type.Object({ numa_node: Int, ...huge, used: Int, total: Int })),
  ...huge,
  hugepages_size: Int,
  used: Int,
  total: Int,
});

const Drm = Type.Object({
  id: Int,
  card_name: Text,
  card_device: Text,
  render_name: Type.Optional(Text),
  render_device: Type.Optional(Text),
});
const driver = { driver: Text, driver_version: Text, numa_node: Int };
const Gpu = Type.Object({
  cards: list(
    Type.Object({
      ...driver,
      drm: Drm,
      pci_address: Type.Optional(Text),
      vendor: Text,
      vendor_id: Text,
      product: Text,
      product_id: Text,
    }),
  ),
  total: Int,
});

const Port = Type.Object({
  id: Text,
  address: Text,
  port: Int,
  protocol: Text,
  auto_negotiation: Flag,
  link_detected: Flag,
  link_speed: Type.Optional(Int),
  link_duplex: Type.Optional(Text),
});
const Network = Type.Object({
  cards: list(
    Type.Object({
      ...driver,
      pci_address: Type.Optional(Text),
      vendor_id: Text,
      product_id: Text,
      ports: Type.Optional(list(Port)),
    }),
  ),
  total: Int,
});

const Storage = Type.Object({
  disks: list(
    Type.Object({
      id: Text,
      device: Text,
      model: Type.Optional(Text),
      type: Text,
      read_only: Flag,
      mounted: Flag,
      size: Int,
      removable: Flag,
      numa_node: Int,
      block_size: Int,
      rpm: Int,
      serial: Type.Optional(Text),
      device_id: Text,
      pci_address: Type.Optional(Text),
      partitions: list(
        Type.Object({ id: Text, device: Text, read_only: Flag, size: Int, partition: Int, mounted: Flag }),
      ),
    }),
  ),
  total: Int,
});

const Usb = Type.Object({
  devices: list(
    Type.Object({
      bus_address: Int,
      device_address: Int,
      interfaces: list(
        Type.Object({
          class: Text,
          class_id: Int,
          driver: Text,
          driver_version: Text,
          number: Int,
          subclass: Text,
          subclass_id: Int,
        }),
      ),
      product: Text,
      product_id: Text,
      speed: Type.Number(),
      vendor: Text,
      vendor_id: Text,
      serial: Text,
    }),
  ),
  total: Int,
});

const Pci = Type.Object({
  devices: list(
    Type.Object({
      ...driver,
      pci_address: Text,
      vendor: Text,
      vendor_id: Text,
      product: Text,
      product_id: Text,
      iommu_group: Int,
      vpd: Type.Record(Text, Type.Unknown()),
    }),
  ),
  total: Int,
});

const made = { vendor: Text, version: Text };
const System = Type.Object({
  uuid: Text,
  vendor: Text,
  product: Text,
  family: Text,
  version: Text,
  sku: Text,
  serial: Text,
  type: Text,
  firmware: Type.Union([Type.Object({ ...made, date: Text }), Type.Null()]),
  chassis: Type.Union([Type.Object({ ...made, type: Text, serial: Text }), Type.Null()]),
  motherboard: Type.Union([Type.Object({ ...made, product: Text, serial: Text }), Type.Null()]),
});

const Load = Type.Object({
  Average1Min: Type.Number(),
  Average5Min: Type.Number(),
  Average10Min: Type.Number(),
  Processes: Int,
});

/** All sizes in bytes. */
export const Resources = Type.Object({
  cpu: Cpu,
  memory: Memory,
  gpu: Gpu,
  network: Network,
  storage: Storage,
  usb: Usb,
  pci: Pci,
  system: System,
  load: Load,
});
export type Resources = Static<typeof Resources>;

export const resourceRoutes = {
  'GET /1.0/resources': {
    summary: 'Get what the host has: processors, memory, disks and cards',
    access: 'view',
    answer: 'sync',
    reply: Resources,
  },
  'GET /1.0/metrics': {
    summary: 'Get figures of all running instances as OpenMetrics text',
    access: 'view',
    answer: 'raw',
    query: Type.Object({ project: Type.Optional(Type.String()) }),
  },
} as const satisfies RouteTable;
