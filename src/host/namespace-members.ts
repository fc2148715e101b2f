/**
 * Who lives in the daemon's mount namespace and outlives it (lxcfs, conmon, dnsmasq). The launcher reads the list to
 * bring the next daemon into the same namespace, where it finds and clears the mounts of one that was killed.
 */
import { readdirSync, readFileSync, readlinkSync, renameSync, writeFileSync } from 'node:fs';

/** Writes lines "pid starttime" of all other processes in our mount namespace; those that end soon are passed over by who reads. */
export function noteNamespaceMembers(file: string): void {
  const own = readlinkSync('/proc/self/ns/mnt');
  const lines = readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      if (readlinkSync(`/proc/${name}/ns/mnt`) !== own) return [];
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return [`${name} ${fields[19]}`];
    } catch {
      return []; // It ended while we looked.
    }
  });
  writeFileSync(`${file}.new`, `${lines.join('\n')}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** How long news wait for more of them: looking through /proc costs some milliseconds, a launch must not. */
const quietMs = 500;

/** Notes the members some time after `changed` was called, once for many calls. */
export function createMemberNotes(file: string): { changed(): void } & Disposable {
  let timer: NodeJS.Timeout | undefined;
  const note = () => {
    timer = undefined;
    noteNamespaceMembers(file);
  };
  return {
    changed() {
      timer ??= setTimeout(note, quietMs).unref();
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      noteNamespaceMembers(file);
    },
  };
}
