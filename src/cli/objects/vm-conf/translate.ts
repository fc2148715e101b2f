/**
 * From the statements of a vm.conf to a plan: what each word becomes here. A word that becomes nothing leaves a note; the
 * tables below have a row for every word there is, so that none can be forgotten.
 */
import { instanceNameError, networkNameError } from '../../../lib/names.ts';
import { withInherited } from './inherit.ts';
import type { Place } from './lexer.ts';
import type { Plan, PlannedMachine, Surroundings } from './plan.ts';
import type {
  GlobalStatement,
  Owner,
  SwitchClause,
  SwitchStatement,
  VmClause,
  VmConf,
  VmStatement,
} from './statements.ts';
import { addCard } from './translate-cards.ts';

/** What vmd gives a machine that says nothing. */
const defaultMemoryBytes = 512 * 2 ** 20;

export type Translating = {
  plan: Plan;
  around: Surroundings;
  note(place: Place, what: string, why: string): undefined;
  error(place: Place, text: string): undefined;
  /** Networks of switches that are defined, by name; undefined: the switch is disabled. */
  switches: Map<string, string | undefined>;
};

export function translate(conf: VmConf, around: Surroundings): Plan {
  const plan: Plan = { networks: [], machines: [], notes: [], errors: [...conf.errors] };
  const translating: Translating = {
    plan,
    around,
    note({ file, line }, what, why) {
      plan.notes.push({ file, line, what, why });
    },
    error({ file, line }, text) {
      plan.errors.push({ file, line, text });
    },
    switches: new Map(),
  };
  for (const { file, line, text } of conf.warnings) translating.note({ file, line }, 'warning', text);
  for (const one of conf.switches) translateSwitch(translating, one);
  const { vms, errors } = withInherited(conf.vms);
  plan.errors.push(...errors);
  for (const vm of vms) translateVm(translating, vm);
  for (const global of conf.globals) globals[global.word](translating, global as never);
  return plan;
}

type Of<Union, Word> = Union extends { word: infer W } ? (Word extends W ? Union : never) : never;
type Table<Union extends { word: string }, Rest extends unknown[], Result = undefined> = {
  [Word in Union['word']]: (translating: Translating, clause: Of<Union, Word>, ...rest: Rest) => Result;
};

function translateSwitch(translating: Translating, { name, file, line, clauses }: SwitchStatement): undefined {
  const { plan, around, note, error, switches } = translating;
  if (switches.has(name)) return error({ file, line }, `the switch "${name}" is there twice`);
  const disabled = clauses.findLast(({ word }) => word === 'enable' || word === 'disable')?.word === 'disable';
  if (disabled) {
    switches.set(name, undefined);
    return note({ file, line }, `switch "${name}"`, 'it is disabled: no network is made of it');
  }
  const network = name.replace(/[^A-Za-z0-9_.-]/g, '-');
  const wrong = networkNameError(network);
  if (wrong) return error({ file, line }, `switch "${name}" cannot be the name of a network: ${wrong}`);
  const other = [...switches].find(([, made]) => made === network)?.[0];
  if (other !== undefined)
    return error({ file, line }, `the switches "${other}" and "${name}" would both be the network ${network}`);
  if (network !== name) note({ file, line }, `switch "${name}"`, `its network is named ${network}`);
  switches.set(name, network);
  plan.networks.push({ file, line, name: network, there: around.networks.includes(network) });
  for (const clause of clauses) switchTable[clause.word](translating, clause as never, network);
}

const nothing = () => undefined;
const ofGroup = 'interface groups are for pf; use access lists (gast network acl) or keys of the network';
const ofRdomain =
  'there are no routing domains; each network is apart from the others by its own addresses and filters';

const switchTable: Table<SwitchClause, [network: string]> = {
  enable: nothing,
  disable: nothing,
  up: nothing,
  down: ({ note }, at, network) =>
    note(
      at,
      'down',
      `a network that is there is up; leave cards out of it, or delete it: gast network delete ${network}`,
    ),
  // Cards are always held to their addresses (security.mac_filtering).
  'locked lladdr': nothing,
  interface: ({ note }, at, network) =>
    note(
      at,
      `interface ${at.value}`,
      `the bridge is made by the server and named ${network}, with addresses, DHCP and NAT`,
    ),
  add: ({ note }, at) =>
    note(
      at,
      `add ${at.value}`,
      'cards of the host are not joined to a network; guests get out by NAT, and in by gast network forward or proxy devices',
    ),
  group: ({ note }, at) => note(at, `group ${at.value}`, ofGroup),
  rdomain: ({ note }, at) => note(at, `rdomain ${at.id}`, ofRdomain),
};

function translateVm(translating: Translating, { name: vmdName, file, line, clauses, parent }: VmStatement): void {
  const { plan, note, error } = translating;
  const name = vmdName.replace(/[._]/g, '-').replace(/-+$/, '');
  const wrong = instanceNameError(name);
  if (wrong) error({ file, line }, `vm "${vmdName}": ${wrong}`);
  const other = plan.machines.find((machine) => machine.name === name);
  if (other)
    error(
      { file, line },
      `the machines "${other.vmdName}" (line ${other.line}) and "${vmdName}" would both be named ${name}`,
    );
  if (name !== vmdName) note({ file, line }, `vm "${vmdName}"`, `it is named ${name}: names of guests are host names`);
  if (parent !== undefined)
    note({ file, line }, `instance of "${parent}"`, 'it is made as a machine of its own with the same settings');
  const machine: PlannedMachine = {
    file,
    line,
    name,
    vmdName,
    memoryBytes: defaultMemoryBytes,
    disks: [],
    cards: [],
    autostart: true,
  };
  for (const clause of clauses) Object.assign(machine, vmTable[clause.word](translating, clause as never, machine));
  noteLackingCards(translating, clauses);
  plan.machines.push(machine);
}

function noteLackingCards({ note }: Translating, clauses: readonly VmClause[]): void {
  const wanted = clauses.find((clause) => clause.word === 'interfaces');
  const described = clauses.filter(({ word }) => word === 'interface').length;
  if (wanted && wanted.count > described)
    note(
      wanted,
      `interfaces ${wanted.count}`,
      'cards on no switch reach nobody and are left out; say "local interface" or "interface { switch }" for each',
    );
}

/** What a setting changes of the machine. */
const vmTable: Table<VmClause, [machine: PlannedMachine], Partial<PlannedMachine> | undefined> = {
  enable: () => ({ autostart: true }),
  disable: () => ({ autostart: false }),
  memory: (_, { bytes }) => ({ memoryBytes: bytes }),
  boot: (_, { path, file, line }) => ({ kernel: { path, file, line } }),
  cdrom: (_, { path, file, line }) => ({ cdrom: { path, file, line } }),
  'boot device'({ note }, at) {
    if (at.device === 'net')
      return note(
        at,
        'boot device net',
        'vmd only pretends a network boot for autoinstall(8); give the kernel by "boot"',
      );
    return { bootFrom: at.device };
  },
  disk: (_, { path, format, file, line }, { disks }) => ({
    disks: [...disks, { path, file, line, ...(format ? { format } : {}) }],
  }),
  interface: (translating, clause, machine) => addCard(translating, clause, machine, { ofGroup, ofRdomain }),
  // Compared with the cards that are there, when all are known.
  interfaces: nothing,
  owner: (_, { owner }) => ({ owner: ownerText(owner) }),
  'allow instance': ({ note }, at, machine) =>
    note(
      at,
      `allow instance { ${at.of.join(' ')} }`,
      `who may manage guests makes copies of any: gast copy ${machine.name} NAME; the owner of a machine cannot`,
    ),
};

const ownerText = ({ user = '', group }: Owner) => `${user}${group === undefined ? '' : `:${group}`}`;

const globals: Table<GlobalStatement, []> = {
  'local prefix': ({ note }, at) =>
    note(
      at,
      `local prefix ${at.prefix}`,
      'local interfaces are on the default network; its addresses: gast network set NETWORK ipv4.address=...',
    ),
  'local inet6': ({ note }, at) =>
    note(
      at,
      `local inet6${at.prefix ? ` prefix ${at.prefix}` : ''}`,
      'networks have IPv6 by themselves; their addresses: gast network set NETWORK ipv6.address=...',
    ),
  'socket owner': ({ note }, at) =>
    note(
      at,
      `socket owner ${ownerText(at.owner)}`,
      'members of the group gasthof may everything, owners of machines what is theirs',
    ),
  'staggered start'({ note, plan }, at) {
    for (const machine of plan.machines) if (machine.autostart) machine.delaySeconds = at.delaySeconds;
    if (at.parallel !== 1)
      note(at, `staggered start parallel ${at.parallel}`, 'guests start one after the other; the delay is taken over');
  },
  agentx: ({ note }, at) =>
    note(at, 'agentx', 'figures are not told by SNMP; GET /1.0/metrics has them for Prometheus'),
};
