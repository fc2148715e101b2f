/** Which layers stand on which, and who needs them; pure. */
import { isOf, type Name, type Named } from './names.ts';

export type Graph = {
  /** Every layer with the one below it. */
  parents: ReadonlyMap<string, string | undefined>;
  names: readonly Named[];
};

/** The layers that a name, or one of `also`, stands on. */
export function neededLayers({ parents, names }: Graph, also: Iterable<string>): Set<string> {
  const needed = new Set<string>();
  for (const start of [...names.map(({ layer }) => layer), ...also])
    for (let layer: string | undefined = start; layer !== undefined && !needed.has(layer); layer = parents.get(layer))
      needed.add(layer);
  return needed;
}

/** Layers whose bytes belong to `of` alone, which names `top`; those below count while nobody else needs them. */
export function ownLayers(graph: Graph, of: Name, top: string): string[] {
  const own: string[] = [];
  const isNamed = (layer: string) =>
    graph.names.some((one) => one.layer === layer && !(layer === top && sameName(one.name, of)));
  for (let layer: string | undefined = top; layer !== undefined && !isNamed(layer); layer = graph.parents.get(layer)) {
    if (layer !== top && childrenOf(graph, layer).length > 1) break;
    own.push(layer);
  }
  return own;
}

export type Merge = { into: string; from: string; base: string | undefined };

/**
 * Two layers of the volume `id` that can become one: no name and no other layer needs the lower one, and whatever stands on
 * the upper one belongs to this volume, so that nobody else has its file open.
 */
export function nextMerge(graph: Graph, id: string, isHeld: (layer: string) => boolean): Merge | undefined {
  const isNamed = (layer: string) => graph.names.some((one) => one.layer === layer);
  let into = graph.names.find(({ name }) => isOf(name, id) && !('image' in name) && name.snapshot === undefined)?.layer;
  while (into !== undefined) {
    const from = graph.parents.get(into);
    if (from === undefined || !isOnlyOf(graph, into, id)) return undefined;
    const isFree = !isNamed(from) && childrenOf(graph, from).length === 1;
    if (isFree && !isHeld(from) && !isHeld(into)) return { into, from, base: graph.parents.get(from) };
    into = from;
  }
  return undefined;
}

const childrenOf = ({ parents }: Graph, layer: string): string[] =>
  [...parents].filter(([, parent]) => parent === layer).map(([child]) => child);

/** Whether all names of what stands on `layer`, and of it, are those of one volume. */
function isOnlyOf(graph: Graph, layer: string, id: string): boolean {
  if (graph.names.some((one) => one.layer === layer && !isOf(one.name, id))) return false;
  return childrenOf(graph, layer).every((child) => isOnlyOf(graph, child, id));
}

const sameName = (one: Name, other: Name): boolean =>
  'image' in one || 'image' in other
    ? 'image' in one && 'image' in other && one.image === other.image
    : one.id === other.id && one.snapshot === other.snapshot;
