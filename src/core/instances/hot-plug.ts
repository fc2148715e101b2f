/**
 * Devices of a guest that runs: the difference between two sets of devices is applied at once, and taken back as a whole
 * when a part of it fails. What the guest has is looked at, not remembered, after a restart of the daemon.
 */
import { isDeepStrictEqual } from 'node:util';
import { fail } from '../../api/errors.ts';
import { HostError } from '../../lib/host-error.ts';
import type { House } from '../house.ts';
import type { DevicesMap, InstanceDoc } from '../model.ts';
import { nicSpecs } from '../networks/nics.ts';
import type { Engine } from '../ports/engine.ts';
import type { FoundNic, NicSpec } from '../ports/network.ts';
import type { ProxySpec } from '../ports/proxies.ts';
import { expand } from './expand.ts';
import { addPart, type Part, presentParts, removePart, wantedParts } from './plugged-parts.ts';
import { proxySpecs } from './proxies.ts';
import { growRoot } from './root-size.ts';

export type PlugNeeds = Pick<
  House,
  | 'documents'
  | 'devices'
  | 'pools'
  | 'engines'
  | 'networks'
  | 'proxies'
  | 'runtime'
  | 'facts'
  | 'clock'
  | 'events'
  | 'hostDisk'
>;

/** An instance with the devices that it has by its profiles and its own. */
export type Equipped = { doc: InstanceDoc; devices: DevicesMap };

type Fittings = { parts: Part[]; nics: NicSpec[]; proxies: ProxySpec[] };
type Change = { device: string; verb: 'start' | 'stop'; do(): Promise<void>; undo(): Promise<void> };

async function fittings(house: PlugNeeds, { doc, devices }: Equipped): Promise<Fittings> {
  const nics = nicSpecs(house, doc, () => freshLinkName(house), devices);
  const pid = house.runtime.get(doc.id)?.pid ?? 0;
  return {
    parts: await wantedParts(house, doc, devices),
    nics,
    proxies: proxySpecs(house, { doc, devices, pid, nics }),
  };
}

export function freshLinkName(house: Pick<House, 'facts' | 'clock'>): string {
  return `${house.facts.linkTag}${house.clock.randomHex(4)}`;
}

/** The caller holds the instance's queue. Does nothing for a guest that does not run. */
export async function applyDevices(house: PlugNeeds, before: Equipped, after: Equipped): Promise<void> {
  const { id, type } = after.doc;
  const engine = house.engines[type];
  if (!house.runtime.get(id) || isDeepStrictEqual(before.devices, after.devices)) return;
  const [had, wanted] = await Promise.all([knownFittings(house, before), fittings(house, after)]);
  const parts = difference(had.parts, wanted.parts, (part) => part.id, isDeepStrictEqual);
  const nics = difference(had.nics, wanted.nics, (nic) => nic.name, sameCard);
  const proxies = difference(had.proxies, wanted.proxies, (proxy) => proxy.device, isDeepStrictEqual);
  await perform([
    ...proxies.gone.map((proxy) => removal(proxyChange(house, proxy))),
    ...parts.gone.reverse().map((part) => removal(partChange(engine, id, part))),
    ...nics.gone.map((nic) => removal(nicChange(house, engine, nic))),
    ...nics.come.map((nic) => nicChange(house, engine, nic)),
    ...parts.come.map((part) => partChange(engine, id, part)),
    ...proxies.come.map((proxy) => proxyChange(house, proxy)),
  ]);
  await growRoot(house, after.doc, after.devices);
}

/** What it has: of a machine looked at, for the sources of its devices may be gone from the host. */
async function knownFittings(house: PlugNeeds, before: Equipped): Promise<Fittings> {
  const { doc, devices } = before;
  if (doc.type === 'container') return fittings(house, before);
  const nics = nicSpecs(house, doc, () => freshLinkName(house), devices);
  const pid = house.runtime.get(doc.id)?.pid ?? 0;
  return {
    parts: await presentParts(house.engines[doc.type], doc.id),
    nics,
    proxies: proxySpecs(house, { doc, devices, pid, nics }),
  };
}

async function perform(changes: readonly Change[]): Promise<void> {
  await using undo = new AsyncDisposableStack();
  for (const change of changes) {
    try {
      await change.do();
    } catch (error) {
      if (error instanceof HostError)
        fail('instance.device-failed', { verb: change.verb, device: change.device, reason: error.message }, error);
      throw error;
    }
    // An undo that fails must not keep the others from theirs.
    undo.defer(() => change.undo().catch(() => {}));
  }
  undo.move();
}

const removal = (change: Change): Change => ({ ...change, verb: 'stop', do: change.undo, undo: change.do });

function partChange(engine: Engine, id: string, part: Part): Change {
  const [device = part.id] = part.id.split('/');
  return { device, verb: 'start', do: () => addPart(engine, id, part), undo: () => removePart(engine, id, part) };
}

function proxyChange(house: PlugNeeds, proxy: ProxySpec): Change {
  const note = (change: (known: ProxySpec[]) => ProxySpec[]) => {
    const guest = house.runtime.get(proxy.guest);
    if (guest) house.runtime.set(proxy.guest, { ...guest, proxies: change(guest.proxies ?? []) });
  };
  const others = (known: ProxySpec[]) => known.filter(({ device }) => device !== proxy.device);
  return {
    device: proxy.device,
    verb: 'start',
    async do() {
      await house.proxies.start(proxy);
      note((known) => [...others(known), proxy]);
    },
    async undo() {
      await house.proxies.stop(proxy);
      note(others);
    },
  };
}

function nicChange(house: PlugNeeds, engine: Engine, nic: NicSpec): Change {
  return {
    device: nic.name,
    verb: 'start',
    do: () => attachCard(house, engine, nic),
    undo: () => detachCard(house, engine, nic),
  };
}

async function attachCard(house: PlugNeeds, engine: Engine, nic: NicSpec): Promise<void> {
  const guest = house.runtime.get(nic.guest);
  if (!guest) return;
  // A link name of its own for each attachment: the last one of the card may still be on its way out.
  const fresh = { ...nic, hostName: nic.fixedHostName ? nic.hostName : freshLinkName(house) };
  try {
    await house.networks.admit(fresh);
    await house.networks.attach(fresh, guest.pid);
    await engine.machineParts?.addCard(nic.guest, { name: nic.name, hwaddr: nic.hwaddr });
  } catch (error) {
    await house.networks.detach(fresh, { wait: true, pid: guest.pid });
    throw error;
  }
  house.runtime.set(nic.guest, { ...guest, nics: [...guest.nics, fresh] });
}

async function detachCard(house: PlugNeeds, engine: Engine, { guest: id, name }: NicSpec): Promise<void> {
  const guest = house.runtime.get(id);
  const attached = guest?.nics.find((nic) => nic.name === name);
  if (!guest || !attached) return;
  await engine.machineParts?.removeCard(id, name);
  // Empty: it is wanted, and was found nowhere.
  if (attached.hostName !== '') await house.networks.detach(attached, { wait: true, pid: guest.pid });
  house.runtime.set(id, { ...guest, nics: guest.nics.filter((nic) => nic !== attached) });
}

/** The same card but for the name of its link on the host. */
function sameCard(a: NicSpec, b: NicSpec): boolean {
  const named = a.fixedHostName || b.fixedHostName;
  return isDeepStrictEqual({ ...a, hostName: named ? a.hostName : '' }, { ...b, hostName: named ? b.hostName : '' });
}

function difference<T>(had: T[], wanted: T[], key: (item: T) => string, same: (a: T, b: T) => boolean) {
  const [old, next] = [new Map(had.map((item) => [key(item), item])), new Map(wanted.map((item) => [key(item), item]))];
  const kept = (item: T | undefined, other: T | undefined) =>
    item !== undefined && other !== undefined && same(item, other);
  return {
    gone: had.filter((item) => !kept(item, next.get(key(item)))),
    come: wanted.filter((item) => !kept(item, old.get(key(item)))),
  };
}

/**
 * Repair: a guest that ran on gets the devices that its document says, whatever a daemon that was killed was doing.
 * `found` are the cards that the host has; those that are wanted are in the runtime already, and all proxies that run.
 */
export async function settleDevices(house: PlugNeeds, doc: InstanceDoc, found: readonly FoundNic[]): Promise<void> {
  const { devices } = expand(house, doc);
  const wanted = await fittings(house, { doc, devices });
  const engine = house.engines[doc.type];
  const cards = await engine.machineParts?.cards(doc.id);
  const parts = difference(await presentParts(engine, doc.id), wanted.parts, (part) => part.id, isDeepStrictEqual);
  const guest = house.runtime.get(doc.id);
  const has = (nic: NicSpec) => {
    const attached = guest?.nics.find(({ name }) => name === nic.name);
    const known = found.find(({ hostName }) => attached?.hostName && hostName === attached.hostName);
    if (cards?.includes(nic.name) === false) return false;
    return known !== undefined && !known.half && (known.spec === undefined || sameCard(known.spec, nic));
  };
  // The card that nobody wants loses its link with all others of the kind; its device is the engine's to take away.
  for (const name of cards ?? [])
    if (!wanted.nics.some((nic) => nic.name === name)) await engine.machineParts?.removeCard(doc.id, name);
  const lost = wanted.nics.filter((nic) => !has(nic));
  const proxies = difference(guest?.proxies ?? [], wanted.proxies, (proxy) => proxy.device, isDeepStrictEqual);
  await perform([
    ...proxies.gone.map((proxy) => removal(proxyChange(house, proxy))),
    ...parts.gone.map((part) => removal(partChange(engine, doc.id, part))),
    ...lost.map((nic) => removal(nicChange(house, engine, nic))),
    ...lost.map((nic) => nicChange(house, engine, nic)),
    ...parts.come.map((part) => partChange(engine, doc.id, part)),
    ...proxies.come.map((proxy) => proxyChange(house, proxy)),
  ]);
  await growRoot(house, doc, devices);
}
