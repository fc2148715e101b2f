/** Network cards of a vm.conf: each is plugged into the network of its switch, or, when it is local, into the default network. */
import type { PlannedMachine } from './plan.ts';
import type { CardClause, VmClause } from './statements.ts';
import type { Translating } from './translate.ts';

type Interface = Extract<VmClause, { word: 'interface' }>;
type Reasons = { ofGroup: string; ofRdomain: string };

export function addCard(
  translating: Translating,
  card: Interface,
  machine: PlannedMachine,
  reasons: Reasons,
): Partial<PlannedMachine> | undefined {
  const { note } = translating;
  const { file, line } = card;
  let found: Wanted = { hwaddr: '', switchName: '', down: false };
  for (const clause of card.clauses) {
    const read = readers[clause.word] as (clause: CardClause) => Partial<Wanted> | { left: string; why: keyof Reasons };
    const result = read(clause);
    if ('left' in result) note(clause, result.left, reasons[result.why]);
    else found = { ...found, ...result };
  }
  if (card.name !== undefined && card.name !== 'tap')
    note(
      card,
      `interface ${card.name}`,
      'links on the host are named by the server; the key host_name of the card names one',
    );
  const network = networkOf(translating, card, found.switchName);
  if (network === undefined) return undefined;
  if (found.down) return note(card, 'interface down', 'a card that is there is up; it is left out');
  const name = `eth${machine.cards.length}`;
  const hwaddr = found.hwaddr ? { hwaddr: found.hwaddr } : {};
  return { cards: [...machine.cards, { file, line, name, network, ...hwaddr }] };
}

type Wanted = { hwaddr: string; switchName: string; down: boolean };
const readers: {
  [W in CardClause['word']]: (
    clause: CardClause & { word: W },
  ) => Partial<Wanted> | { left: string; why: keyof Reasons };
} = {
  up: () => ({ down: false }),
  down: () => ({ down: true }),
  // Cards are held to their addresses, locked or not; without an address vmd, too, chooses one.
  lladdr: (clause) => ('address' in clause ? { hwaddr: clause.address ?? '' } : {}),
  switch: (clause) => ('value' in clause ? { switchName: clause.value } : {}),
  group: (clause) => ({ left: `group ${'value' in clause ? clause.value : ''}`, why: 'ofGroup' }),
  rdomain: (clause) => ({ left: `rdomain ${'id' in clause ? clause.id : ''}`, why: 'ofRdomain' }),
};

/** Undefined, with a note, when the card would be connected to nothing. */
function networkOf({ switches, around, note }: Translating, card: Interface, switchName: string): string | undefined {
  const ofSwitch = switches.get(switchName);
  if (switchName !== '' && ofSwitch !== undefined) {
    if (card.local)
      note(card, 'local interface', `it is on switch "${switchName}", whose network has addresses and DHCP, too`);
    return ofSwitch;
  }
  if (switchName !== '') {
    if (!switches.has(switchName) && around.networks.includes(switchName)) return switchName;
    const why = switches.has(switchName) ? 'is disabled' : 'is not defined';
    note(
      card,
      `interface { switch "${switchName}" }`,
      `the switch ${why}; the card is left out, as vmd connects it to nothing`,
    );
    return undefined;
  }
  if (card.local && around.defaultNetwork !== undefined) return around.defaultNetwork;
  if (card.local) note(card, 'local interface', 'there is no default network; give the card a switch');
  else
    note(
      card,
      'interface',
      'on no switch it reaches nobody, and is left out; say "local interface" or give it a switch',
    );
  return undefined;
}
