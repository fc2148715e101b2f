/**
 * The list of all instances with state and snapshots (recursion=2) as JSON text. All but the state hardly changes: its text
 * is kept as long as such lists are asked for; 50,000 snapshots would take a second to render each time.
 */
import { RenderedJson } from '../../api/handlers.ts';
import type { House } from '../house.ts';
import { type InstanceDoc, keys } from '../model.ts';
import { projectFor } from '../projects/features.ts';
import { instanceState } from './state-view.ts';
import { instanceFullView } from './view.ts';

type Needs = Pick<House, 'documents' | 'runtime' | 'engines' | 'pools' | 'facts'>;
type Kept = { versions: string; head: string; snapshots: Buffer | null };

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

  /** All of an instance but its state, as it was rendered when something of it last changed. */
  const keptText = (doc: InstanceDoc): Kept => {
    const versions = versionsOf(house, doc);
    const known = kept.get(doc.id);
    if (known?.versions === versions) return known;
    const { state: _, snapshots, ...rest } = instanceFullView(house, doc, null);
    const text: Kept = {
      versions,
      head: `${JSON.stringify(rest).slice(0, -1)},"state":`,
      snapshots: snapshots && Buffer.from(`${JSON.stringify(snapshots)}}`),
    };
    kept.set(doc.id, text);
    return text;
  };
  return async (docs) => {
    const states = await Promise.all(docs.map((doc) => instanceState(house, doc, { recent: true })));
    forgetLater();
    const parts: Buffer[] = [];
    let before = '[';
    for (const [index, doc] of docs.entries()) {
      const { head, snapshots } = keptText(doc);
      before += `${index === 0 ? '' : ','}${head}${JSON.stringify(states[index])},"snapshots":`;
      if (snapshots) {
        parts.push(Buffer.from(before), snapshots);
        before = '';
      } else before += 'null}';
    }
    parts.push(Buffer.from(`${before}]`));
    return new RenderedJson(parts);
  };
}

/** Changes whenever something changes that the text is made from. */
function versionsOf({ documents, runtime }: Needs, { id, project }: InstanceDoc): string {
  const owner = projectFor({ documents }, 'profiles', project);
  const folders = [keys.snapshotsOf(id), keys.backupsOf(id), `profiles/${owner}/`, 'projects/'];
  const links = runtime.get(id)?.nics.map((nic) => `${nic.name}=${nic.hostName}`);
  return `${documents.revision(keys.instance(id))} ${folders.map(documents.version).join(' ')} ${links?.join(' ')}`;
}
