/**
 * Taking NICs away, behind the callers' backs. A guest that ended takes its veth pair with it, so this first waits a
 * moment; what is still there then is deleted at 16 ms each. The filter goes last: a link must never be without it.
 */
import { deleteLink } from '../../host/link-changes.ts';
import { listLinks } from '../../host/links.ts';
import { openNetlink } from '../../host/netlink.ts';
import { HostError } from '../../lib/host-error.ts';
import { parseMark } from './mark.ts';

export type Removals = AsyncDisposable & {
  add(hostName: string): void;
  pending(hostName: string): boolean;
  /** Finishes what is pending now. */
  flush(): Promise<void>;
};

const delayMs = 50;

export function createRemovals(options: {
  tag: string;
  /** Whether this link of ours may be without a mark: whoever made it was killed before marking it. */
  mayLackMark: (hostName: string) => boolean;
  /** These links are gone. */
  onGone: (hostNames: readonly string[]) => Promise<void>;
  report: (problem: string) => void;
}): Removals {
  const { tag, mayLackMark, onGone, report } = options;
  const waiting = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let last: Promise<void> = Promise.resolve();

  const removeAll = async () => {
    const batch = [...waiting];
    const owned = linksOf(tag, new Set(batch), mayLackMark);
    for (const link of owned) await deleteIfThere(link);
    await onGone(batch);
    for (const hostName of batch) waiting.delete(hostName);
  };

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    last = last.catch(() => {}).then(() => (waiting.size > 0 ? removeAll() : undefined));
    return last;
  };

  return {
    add(hostName) {
      waiting.add(hostName);
      timer ??= setTimeout(() => flush().catch((error: Error) => report(`removing NICs: ${error.message}`)), delayMs);
    },
    pending: (hostName) => waiting.has(hostName),
    flush,
    [Symbol.asyncDispose]: flush,
  };
}

/** NIC links and shapers of these names, as far as they carry our mark. */
function linksOf(tag: string, hostNames: ReadonlySet<string>, mayLackMark: (hostName: string) => boolean) {
  using netlink = openNetlink();
  return listLinks(netlink).filter(({ name, alias, kind }) => {
    if (kind === 'veth' && !alias && hostNames.has(name)) return mayLackMark(name);
    const mark = parseMark(tag, alias);
    return (mark?.kind === 'nic' && hostNames.has(name)) || (mark?.kind === 'shaper' && hostNames.has(mark.hostName));
  });
}

/** The guest's namespace may have taken it in the meantime. */
async function deleteIfThere(link: { index: number; name: string }): Promise<void> {
  try {
    await deleteLink(link);
  } catch (error) {
    if (!(error instanceof HostError && error.errno === 'ENODEV')) throw error;
  }
}
