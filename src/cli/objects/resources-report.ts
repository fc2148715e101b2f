/** `gast info --resources`: processors, memory, disks and cards of the server, as text. Pure. */
import type { Resources } from '../../api/resources/host-resources.ts';
import { formatBytes } from '../output/units.ts';

export function resourcesReport({ system, load, cpu, memory, gpu, network, storage }: Resources): string {
  const lines = [
    'System:',
    ...facts({
      UUID: system.uuid,
      Vendor: system.vendor,
      Product: system.product,
      Version: system.version,
      Type: system.type,
      Firmware: system.firmware ? `${system.firmware.vendor} ${system.firmware.version}` : '',
    }),
    `Load: ${load.Average1Min} ${load.Average5Min} ${load.Average10Min}, ${load.Processes} processes`,
    ...cpuLines(cpu),
    'Memory:',
    ...facts({ Used: formatBytes(memory.used), Total: formatBytes(memory.total) }),
    ...memory.nodes.map((node) => `  Node ${node.numa_node}: ${formatBytes(node.used)} of ${formatBytes(node.total)}`),
    ...section('GPUs', gpu.cards, (card) => `${card.vendor} ${card.product} (${card.driver})`.trim()),
    ...section('NICs', network.cards, cardText),
    ...section('Disks', storage.disks, diskText),
  ];
  return `${lines.join('\n')}\n`;
}

const facts = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).flatMap(([name, value]) => (value.trim() === '' ? [] : [`  ${name}: ${value}`]));

const section = <T>(title: string, items: readonly T[], text: (item: T) => string) =>
  items.length === 0 ? [] : [`${title}:`, ...items.map((item) => `  ${text(item)}`)];

function cpuLines({ architecture, sockets, total }: Resources['cpu']): string[] {
  const each = sockets.map(({ socket, vendor, name, cores, cache }) => {
    const threads = cores.reduce((sum, core) => sum + core.threads.length, 0);
    const caches = cache.map(({ level, type, size }) => `L${level} ${type} ${formatBytes(size)}`);
    return `  Socket ${socket}: ${vendor} ${name}, ${cores.length} cores, ${threads} threads; ${caches.join(', ')}`;
  });
  return [`CPUs: ${total}, ${architecture}`, ...each];
}

function cardText({ vendor_id, product_id, driver, ports = [] }: Resources['network']['cards'][number]): string {
  const links = ports.map(
    ({ id, address, link_detected }) => `${id} ${address} ${link_detected ? 'with a link' : 'without a link'}`,
  );
  return `${driver} ${vendor_id}:${product_id} ${links.join(', ')}`.trim();
}

function diskText({
  id,
  device,
  type,
  size,
  model,
  read_only,
  mounted,
  partitions,
}: Resources['storage']['disks'][number]) {
  const marks = [read_only ? 'read-only' : '', mounted ? 'mounted' : ''].filter((mark) => mark !== '');
  const parts = partitions.length > 0 ? [`${partitions.length} partitions`] : [];
  return [`${id} (${device})`, model ?? '', type, formatBytes(size), ...marks, ...parts].filter(Boolean).join(' ');
}
