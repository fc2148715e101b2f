/** The plan of an import as tables, and what is not taken over, each with file and line. */
import type { Context } from '../../context.ts';
import { type Column, printRows } from '../../output/print-rows.ts';
import { printable } from '../../output/text-width.ts';
import type { Plan, PlannedMachine, PlannedNetwork } from './plan.ts';

export type Found = { differences: string[] };
/** Machines of the plan that are there already, by name, with what differs. */
export type There = ReadonlyMap<string, Found>;

const networkColumns: Column<PlannedNetwork>[] = [
  { header: 'NETWORK', value: ({ name }) => name },
  { header: 'OF', value: ({ file, line }) => `${file}:${line}` },
  { header: 'PLAN', value: ({ there }) => (there ? 'is there' : 'create') },
];

const machineColumns = (there: There): Column<PlannedMachine>[] => [
  { header: 'GUEST', value: ({ name }) => name },
  { header: 'TYPE', value: () => 'virtual-machine' },
  { header: 'MEMORY', value: ({ memoryBytes }) => `${memoryBytes / 2 ** 20}MiB` },
  { header: 'BOOT', value: bootOf },
  { header: 'DISKS', value: disksOf },
  {
    header: 'CARDS',
    value: ({ cards }) =>
      cards.map(({ name, network, hwaddr }) => `${name}: ${network}${hwaddr ? ` ${hwaddr}` : ''}`).join('\n'),
  },
  {
    header: 'AUTOSTART',
    value: ({ autostart, delaySeconds }) => (autostart ? `yes${delaySeconds ? `, then ${delaySeconds} s` : ''}` : 'no'),
  },
  { header: 'OWNER', value: ({ owner = '' }) => owner },
  { header: 'OF', value: ({ file, line }) => `${file}:${line}` },
  { header: 'PLAN', value: ({ name }) => planOf(there.get(name)) },
];

const planOf = (found: Found | undefined) =>
  found === undefined ? 'create' : found.differences.length > 0 ? 'is there, differs' : 'is there';

function bootOf({ kernel, cdrom, disks, bootFrom }: PlannedMachine): string {
  if (kernel) return `kernel ${kernel.path}`;
  const first = cdrom && (bootFrom === 'cdrom' || disks.length === 0) ? 'cdrom' : 'disk';
  return cdrom ? `${first} (${cdrom.path})` : first;
}

function disksOf({ disks }: PlannedMachine): string {
  if (disks.length === 0) return 'root: empty';
  return disks
    .map(({ path, format = 'raw' }, index) => `${index === 0 ? 'root: copy of' : `disk${index}:`} ${path} (${format})`)
    .join('\n');
}

export async function showPlan(context: Context, plan: Plan, there: There): Promise<void> {
  if (plan.networks.length > 0) await printRows(context, 'table', networkColumns, plan.networks);
  if (plan.machines.length > 0) await printRows(context, 'table', machineColumns(there), plan.machines);
  const line = (place: { file: string; line: number }, text: string) =>
    context.print(`  ${printable(`${place.file}:${place.line}: ${text}`)}\n`);
  if (plan.notes.length > 0) context.print('\nNot taken over, or not as it was:\n');
  for (const note of plan.notes) line(note, `${note.what}: ${note.why}`);
  const differing = plan.machines.filter(({ name }) => (there.get(name)?.differences.length ?? 0) > 0);
  if (differing.length > 0) context.print('\nThere already, and left as they are:\n');
  for (const machine of differing)
    for (const difference of there.get(machine.name)?.differences ?? [])
      line(machine, `${machine.name}: ${difference}`);
  if (plan.errors.length > 0) context.print('\nMistakes:\n');
  for (const error of plan.errors) line(error, error.text);
}
