/** What QEMU lists of its boards and processors (`-machine help`, `-cpu help`), and what to say of one that is not there. Pure. */
import { editDistance } from '../../lib/nearest-name.ts';

export type ModelLists = {
  /** Boards by name; `alias` is the versioned name that a plain one stands for. */
  types: { name: string; alias?: string }[];
  cpus: string[];
  flags: string[];
};

export function parseTypes(help: string): ModelLists['types'] {
  return help.split('\n').flatMap((line) => {
    const [, name, rest = ''] = /^(\S+)\s{2,}(.*)$/.exec(line) ?? [];
    if (name === undefined) return [];
    const alias = /\(alias of (\S+?)\)/.exec(rest)?.[1];
    return [{ name, ...(alias === undefined ? {} : { alias }) }];
  });
}

/** Lines of models begin with the architecture in QEMU 7.2, and with blanks later; flags follow after a heading. */
export function parseCpus(help: string): Pick<ModelLists, 'cpus' | 'flags'> {
  const [models = '', flags = ''] = help.split(/^Recognized .*$/m);
  const cpus = models.split('\n').flatMap((line) => /^(?:x86\s+|\s+)(\S+)/.exec(line)?.[1] ?? []);
  return { cpus, flags: flags.split(/\s+/).filter((flag) => flag !== '') };
}

const shownChoices = 5;

/** Names that were perhaps meant; without any, some that there are. */
function choices(wrong: string, known: readonly string[]): string {
  const near = known
    .map((name) => ({ name, edits: editDistance(wrong.slice(0, 64).toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  return near
    .slice(0, shownChoices)
    .map(({ name }) => name)
    .join(', ');
}

/** Machines are made for this board. */
const board = /^pc-q35-/;

export function typeRefusal(wanted: string, { types }: Pick<ModelLists, 'types'>): string | undefined {
  const boards = types.map(({ name }) => name).filter((name) => board.test(name));
  if (boards.includes(wanted)) return undefined;
  return `QEMU of this host has no machine type "${wanted}"; it has ${choices(wanted, boards)}`;
}

/** `isFast`: the host's own processor can be shown, as machines are not emulated. */
export function cpuRefusal(
  wanted: string,
  { cpus, flags }: Pick<ModelLists, 'cpus' | 'flags'>,
  isFast: boolean,
): string | undefined {
  const [model = '', ...changes] = wanted.split(',');
  const known = cpus.filter((name) => name !== 'host');
  if (model === 'host') {
    if (!isFast) return 'the CPU "host" needs KVM, and machines are emulated here';
  } else if (!known.includes(model))
    return `QEMU of this host has no CPU model "${model}"; it has ${choices(model, known)}`;
  for (const change of changes) {
    const [, flag] = /^[+-](\S+)$/.exec(change) ?? [];
    if (flag === undefined) return `"${change}" is no change of a CPU: flags follow as +FLAG or -FLAG`;
    if (!flags.includes(flag)) return `QEMU of this host has no CPU flag "${flag}"; it has ${choices(flag, flags)}`;
  }
  return undefined;
}
