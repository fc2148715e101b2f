/** The files port for guests of both kinds: trees that the host sees, and machines that have to be asked. */
import type { AnyRoot, GuestFiles, GuestRoot, MachineRoot } from '../core/ports/files.ts';

export function filesOfBothKinds(trees: GuestFiles<GuestRoot>, machines: GuestFiles<MachineRoot>): GuestFiles<AnyRoot> {
  const pick = (root: AnyRoot) => ('exec' in root ? machines : trees) as GuestFiles<AnyRoot>;
  return {
    stat: (root, path) => pick(root).stat(root, path),
    pull: (root, path) => pick(root).pull(root, path),
    pushFile: (root, path, content, options) => pick(root).pushFile(root, path, content, options),
    pushDirectory: (root, path, owner) => pick(root).pushDirectory(root, path, owner),
    pushSymlink: (root, path, target, owner) => pick(root).pushSymlink(root, path, target, owner),
    remove: (root, path, options) => pick(root).remove(root, path, options),
    checkSftp: (root) => pick(root).checkSftp(root),
    serveSftp: (root, connection, options) => pick(root).serveSftp(root, connection, options),
  };
}
