/**
 * The list of all instances with state and snapshots (recursion=2) as JSON text. Snapshots hardly change and are many: their
 * text is kept as long as such lists are asked for, 50,000 of them would take a second to render each time.
 */
import { RenderedJson } from '../../api/handlers.ts';
import type { House } from '../house.ts';
import { type InstanceDoc, keys } from '../model.ts';
import { projectFor } from '../projects/features.ts';
import { instanceState } from './state-view.ts';
import { instanceFullView, snapshotViews } from './view.ts';

type Needs = Pick<House, 'documents' | 'runtime' | 'engine' | 'pools' | 'facts'>;
type Kept = { versions: string; text: Buffer };

/** How the text of an instance ends that has no snapshots; see view.ts. */
const emptyEnd = 'null}';

/** How long texts are kept after the last list. */
const keepMs = 60_000;

export type FullList = (docs: readonly InstanceDoc[]) => Promise<RenderedJson>;

export function createFullList(house: Needs): FullList {
  let kept = new Map<string, Kept>();
  let timer: NodeJS.Timeout | undefined;
  const forgetLater = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      kept = new Map();
    }, keepMs).unref();
  };

  const snapshotsText = (doc: InstanceDoc): Buffer => {
    const versions = versionsOf(house, doc);
    const known = kept.get(doc.id);
    if (known?.versions === versions) return known.text;
    const text = Buffer.from(JSON.stringify(snapshotViews(house, doc)));
    kept.set(doc.id, { versions, text });
    return text;
  };
  return async (docs) => {
    const states = await Promise.all(docs.map((doc) => instanceState(house, doc, { recent: true })));
    forgetLater();
    const parts: Buffer[] = [];
    let before = '[';
    for (const [index, doc] of docs.entries()) {
      const state = states[index];
      if (!state) continue;
      const text = JSON.stringify(instanceFullView(house, doc, state, []));
      if (house.documents.list(keys.snapshotsOf(doc.id)).length === 0) before += `${text},`;
      else {
        parts.push(Buffer.from(before + text.slice(0, -emptyEnd.length)), snapshotsText(doc));
        before = '},';
      }
    }
    parts.push(Buffer.from(`${before.endsWith(',') ? before.slice(0, -1) : before}]`));
    return new RenderedJson(parts);
  };
}

/** Changes whenever something changes that a snapshot's text is made from. */
function versionsOf({ documents }: Needs, doc: InstanceDoc): string {
  const owner = projectFor({ documents }, 'profiles', doc.project);
  const folders = [keys.snapshotsOf(doc.id), `profiles/${owner}/`, 'projects/'];
  return `${folders.map((folder) => documents.version(folder)).join(' ')} ${documents.revision(keys.instance(doc.id))}`;
}
