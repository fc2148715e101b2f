/** Who is at the other end of a unix socket, as the kernel knows it since `connect`. */
import koffi from 'koffi';
import { call, libc } from './libc.ts';
import { ownIdInside, ownNamespaces } from './own-namespaces.ts';

export type PeerCredentials = { pid: number; uid: number; gid: number; groups: number[] };

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** Since Linux 4.13. */
const SO_PEERGROUPS = 59;
/** NGROUPS_MAX is 65536; who is in more groups than this is asked for fewer. */
const maxGroups = 4096;

const getsockopt = call<[number, number, number, Buffer, number[]]>(
  'int getsockopt(int fd, int level, int name, _Out_ void *value, _Inout_ uint32_t *length)',
);

/** `fd` is a connected unix socket; the numbers are those of the daemon's own user namespace, 65534 for unmapped ones. */
export function peerCredentials(fd: number): PeerCredentials {
  const ucred = Buffer.alloc(12);
  getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ucred, [ucred.length]);
  const ids = Buffer.alloc(maxGroups * 4);
  const length = [ids.length];
  getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, ids, length);
  const groups = Array.from({ length: (length[0] ?? 0) / 4 }, (_, index) => ids.readUInt32LE(index * 4));
  return { pid: ucred.readInt32LE(0), uid: ucred.readUInt32LE(4), gid: ucred.readUInt32LE(8), groups };
}

/** The descriptor behind a Node socket. Node has no public way to it (26.10); undefined once the socket is closed. */
export function descriptorOf(socket: object): number | undefined {
  const { _handle: handle } = socket as { _handle?: { fd?: number } | null };
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined;
}

const Passwd = koffi.struct('gasthof_passwd', {
  pw_name: 'const char *',
  pw_passwd: 'const char *',
  pw_uid: 'uint32_t',
  pw_gid: 'uint32_t',
  pw_gecos: 'const char *',
  pw_dir: 'const char *',
  pw_shell: 'const char *',
});
const Group = koffi.struct('gasthof_group', {
  gr_name: 'const char *',
  gr_passwd: 'const char *',
  gr_gid: 'uint32_t',
  gr_mem: 'void *',
});
const getpwuid = libc.func('void *getpwuid(uint32_t uid)');
const getgrnam = libc.func('void *getgrnam(const char *name)');
const getgrgid = libc.func('void *getgrgid(uint32_t gid)');

/** The name of a user, through NSS and so from any directory service; undefined when nobody has this number. */
export function userName(uid: number): string | undefined {
  const own = uid === ownIdInside ? ownNamespaces() : undefined;
  const found: unknown = getpwuid(own?.uid ?? uid);
  return found === null ? undefined : (koffi.decode(found, Passwd) as { pw_name: string }).pw_name;
}

/** The name of a group; nobody's in an ordinary user's namespaces, where the numbers are those of guests. */
export function groupName(gid: number): string | undefined {
  if (ownNamespaces()) return undefined;
  const found: unknown = getgrgid(gid);
  return found === null ? undefined : (koffi.decode(found, Group) as { gr_name: string }).gr_name;
}

/** The number of a group. In an ordinary user's namespaces the numbers of the host's groups are those of guests. */
export function groupId(name: string): number | undefined {
  if (ownNamespaces()) return undefined;
  const found: unknown = getgrnam(name);
  return found === null ? undefined : (koffi.decode(found, Group) as { gr_gid: number }).gr_gid;
}
