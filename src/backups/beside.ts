/** Keeps the small files beside the tree of a state while an archive goes by: the image's metadata and templates. */
import type { CheckedMember } from '../archives/check-members.ts';
import type { BesideTree } from '../core/ports/backups.ts';
import { isMachineFile, machineFileBytes } from '../core/ports/machine-files.ts';
import { isTemplateName, metadataLimitBytes, readableMetadata } from '../images/metadata.ts';

const filesLimit = 2000;
const fileBytes = 1024 * 1024;
const allBytes = 64 * 1024 * 1024;

export type BesideReader = ReturnType<typeof createBesideReader>;

export function createBesideReader() {
  const files = new Map<string, { state: string; name: string; pieces: Buffer[] }>();
  let open: Buffer[] | undefined;
  let bytes = 0;
  return {
    begin(state: string | undefined, member: CheckedMember): void {
      open = undefined;
      const name = state === undefined ? '' : member.path.slice(`backup/${state}/`.length);
      const wanted =
        name === 'metadata.yaml' ||
        isMachineFile(name) ||
        (name.startsWith('templates/') && isTemplateName(name.slice(10)));
      if (state === undefined || !wanted || member.kind !== 'file' || member.sparse) return;
      bytes += member.sizeBytes;
      const limitBytes = isMachineFile(name)
        ? machineFileBytes
        : name === 'metadata.yaml'
          ? metadataLimitBytes
          : fileBytes;
      if (member.sizeBytes > limitBytes || bytes > allBytes || files.size >= filesLimit) return;
      open = [];
      files.set(member.path, { state, name, pieces: open });
    },
    data(piece: Buffer): void {
      open?.push(Buffer.from(piece));
    },
    read(): Map<string, BesideTree> {
      const found = new Map<string, BesideTree>();
      for (const { state, name, pieces } of files.values()) {
        const tree = found.get(state) ?? { templates: {} };
        found.set(state, tree);
        const bytes = Buffer.concat(pieces);
        const text = bytes.toString('utf8');
        const metadata = name === 'metadata.yaml' ? readableMetadata(text) : undefined;
        if (isMachineFile(name)) tree.machine = { ...tree.machine, [name]: bytes };
        else if (metadata) tree.metadata = metadata;
        else if (name !== 'metadata.yaml') tree.templates[name.slice(10)] = text;
      }
      return found;
    },
  };
}
