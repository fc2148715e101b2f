/**
 * Parts of a guest that exists: mounts and device nodes, put in by the same code when it is made and while it runs. What
 * is in is noted beside the guest, before and after each change, so that a next daemon finds out what a killed one did.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GuestMount, GuestNode, GuestPart } from '../../core/ports/engine.ts';
import type { IdRange } from '../../core/ports/id-range.ts';
import type { Cgroups } from '../../host/cgroup.ts';
import type { GuestTree } from '../../host/guest-place.ts';
import { findLentNode, openLentNode } from '../../host/lent-node.ts';
import { ownNamespaces } from '../../host/own-namespaces.ts';
import {
  createNode,
  lockMount,
  type NodeNumber,
  nodeNumber,
  type PluggedMount,
  plug,
  removeEmptyFile,
  unplug,
} from '../../host/plug.ts';
import { HostError } from '../../lib/host-error.ts';
import { openMountSource } from '../mount-source.ts';
import { allowDevice, denyDevice } from './device-rules.ts';
import type { Layout } from './layout.ts';
import { livingInit } from './record.ts';
import type { Programs } from './supervisor.ts';

export type PartNeeds = { layout: Layout; cgroups: Cgroups; programs: Programs };

/** `plugged` is absent for an optional part whose source is missing. Not `done`: it is on its way in, or never got there. */
export type PartNote = { part: GuestPart; done: boolean; plugged?: PluggedMount; number?: NodeNumber };

export function readParts(layout: Layout, id: string): PartNote[] {
  try {
    return JSON.parse(readFileSync(layout.parts(id), 'utf8')) as PartNote[];
  } catch {
    return [];
  }
}

function writeParts(layout: Layout, id: string, notes: readonly PartNote[]): void {
  if (notes.length === 0) {
    rmSync(layout.parts(id), { force: true });
    return;
  }
  writeFileSync(`${layout.parts(id)}.new`, JSON.stringify(notes));
  renameSync(`${layout.parts(id)}.new`, layout.parts(id));
}

function note(layout: Layout, id: string, partId: string, entry: PartNote | undefined): void {
  const others = readParts(layout, id).filter(({ part }) => part.id !== partId);
  writeParts(layout, id, entry ? [...others, entry] : others);
}

export async function addPart(needs: PartNeeds, id: string, range: IdRange, part: GuestPart): Promise<void> {
  const { layout } = needs;
  const path = 'mount' in part ? part.mount.path : part.node.path;
  if (readParts(layout, id).some((known) => known.part.id === part.id))
    throw new HostError(`guest ${id} has the part ${part.id} already`, { errno: 'EEXIST' });
  const tree = treeOf(layout, id, range);
  const announce = (half: Half) => note(layout, id, part.id, { part, done: false, ...half });
  announce({});
  const where = { needs, id, tree, range, announce };
  try {
    const whole = 'mount' in part ? await addMount(where, part.mount) : await addNode(where, part.node);
    note(layout, id, part.id, { part, done: true, ...whole });
  } catch (error) {
    note(layout, id, part.id, undefined);
    if (!(error instanceof HostError) || error.message.includes(path)) throw error;
    throw new HostError(`${path}: ${error.message}`, { cause: error, ...(error.errno ? { errno: error.errno } : {}) });
  }
}

export async function removePart(needs: PartNeeds, id: string, range: IdRange, partId: string): Promise<void> {
  const notes = readParts(needs.layout, id);
  const found = notes.find(({ part }) => part.id === partId);
  if (!found) return;
  const tree = treeOf(needs.layout, id, range);
  if (found.plugged) unplug(tree, found.plugged);
  const { number, part } = found;
  if (number && !notes.some((other) => other !== found && sameNumber(other.number, number)))
    await denyDevice(needs, id, number, allowed(notes, found));
  if ('node' in part) removeEmptyFile(tree, part.node.path);
  note(needs.layout, id, partId, undefined);
}

/** Takes away what a daemon that was killed left half done. */
export async function clearHalfParts(needs: PartNeeds, id: string, range: IdRange): Promise<void> {
  for (const { part, done } of readParts(needs.layout, id)) if (!done) await removePart(needs, id, range, part.id);
}

const sameNumber = (a: NodeNumber | undefined, b: NodeNumber) =>
  a?.kind === b.kind && a.major === b.major && a.minor === b.minor;

const allowed = (notes: readonly PartNote[], except?: PartNote) =>
  notes.flatMap((entry) => (entry !== except && entry.number ? [entry.number] : []));

function treeOf(layout: Layout, id: string, { base }: IdRange): GuestTree {
  const init = livingInit(layout, id);
  if (!init) throw new HostError(`guest ${id} does not run`, { errno: 'ESRCH', help: 'start it first' });
  return { pid: init.pid, owner: base };
}

const newStage = (layout: Layout) => join(layout.stages, `plug-${randomBytes(6).toString('hex')}`);

type Half = Omit<PartNote, 'part' | 'done'>;
type Where = { needs: PartNeeds; id: string; tree: GuestTree; range: IdRange; announce(half: Half): void };

async function addMount({ needs: { layout }, tree, range, announce }: Where, mount: GuestMount): Promise<Half> {
  using source = await openMountSource(mount, range);
  if (source === undefined) return {};
  using locked = await lockMount(source.mount, source.kind, newStage(layout), mount.recursive);
  const { path } = mount;
  return { plugged: plug(locked, { tree, path, kind: source.kind, announce: (plugged) => announce({ plugged }) }) };
}

async function addNode({ needs, id, tree, announce }: Where, node: GuestNode): Promise<Half> {
  const own = ownNamespaces();
  if (own) return addLentNode({ tree, announce }, node, findLentNode(own, node, tree.owner));
  const number = numberOf(node);
  if (!number) return {};
  const { uid = 0, gid = 0, mode = 0o660 } = node;
  const owner = { uid: tree.owner + uid, gid: tree.owner + gid, mode: mode & 0o777 };
  const notes = readParts(needs.layout, id);
  const isNew = !notes.some((other) => sameNumber(other.number, number));
  announce({ number });
  if (isNew) await allowDevice(needs, id, number, [...allowed(notes), number]);
  try {
    using made = createNode(number, owner, newStage(needs.layout));
    const { path } = node;
    return {
      number,
      plugged: plug(made, { tree, path, kind: 'file', announce: (plugged) => announce({ number, plugged }) }),
    };
  } catch (error) {
    if (isNew) await denyDevice(needs, id, number, allowed(notes));
    throw error;
  }
}

/** No group says which numbers may be opened: the node's own permissions do. */
function addLentNode({ tree, announce }: Pick<Where, 'tree' | 'announce'>, { path }: GuestNode, found?: string): Half {
  if (found === undefined) return {};
  using node = openLentNode(found);
  return { plugged: plug(node, { tree, path, kind: 'file', announce: (plugged) => announce({ plugged }) }) };
}

/** Undefined for an optional one that is not there. */
function numberOf(node: GuestNode): NodeNumber | undefined {
  if (node.number) return { kind: node.kind, ...node.number };
  const found = nodeNumber(node.source ?? node.path);
  if (!found) {
    if (node.optional) return undefined;
    throw new HostError(`the device ${node.source ?? node.path} is not there on this host`, { errno: 'ENOENT' });
  }
  if (found.kind === node.kind) return found;
  throw new HostError(`${node.source ?? node.path} is a ${found.kind} device, not a ${node.kind} device`);
}
