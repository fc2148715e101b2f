/**
 * What dnsmasq knows about a guest's NIC: one file in `hosts` (MAC to addresses) and one in `names` (DNS, so that names
 * answer before and without DHCP). dnsmasq sees each file the moment it is renamed into place. The files are the
 * record: a new daemon reads them back.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export type Reservation = {
  guest: string;
  /** The NIC's name inside. */
  name: string;
  hostname: string;
  hwaddr: string;
  ipv4: string | undefined;
  ipv6: string | undefined;
};

export type Reservations = {
  all(): Reservation[];
  /** True when it was there, unchanged. */
  put(reservation: Reservation): Promise<boolean>;
  /** What it was, when there was one. */
  remove(key: Pick<Reservation, 'guest' | 'name'>): Promise<Reservation | undefined>;
};

export function openReservations(paths: { hosts: string; names: string }, domain: string): Reservations {
  const known = new Map<string, Reservation>();
  for (const file of readdirSync(paths.hosts)) {
    const reservation = file.startsWith('.') ? undefined : parse(readFileSync(join(paths.hosts, file), 'utf8'));
    if (reservation) known.set(file, reservation);
  }
  return {
    all: () => [...known.values()],
    async put(reservation) {
      const file = fileName(reservation);
      const same = JSON.stringify(known.get(file)) === JSON.stringify(reservation);
      known.set(file, reservation);
      await Promise.all([
        replace(paths.hosts, file, hostLine(reservation)),
        replace(paths.names, file, nameLines(reservation, domain)),
      ]);
      return same;
    },
    async remove(key) {
      const file = fileName(key);
      const before = known.get(file);
      known.delete(file);
      await Promise.all([rm(join(paths.hosts, file), { force: true }), rm(join(paths.names, file), { force: true })]);
      return before;
    },
  };
}

/** Any text may be a guest id; dnsmasq skips names with a leading dot, a closing tilde or # at both ends. */
function fileName(key: Pick<Reservation, 'guest' | 'name'>): string {
  const readable = `${key.guest}-${key.name}`.replace(/[^A-Za-z0-9-]/g, '_').slice(0, 80);
  return `g-${readable}-${createHash('sha256').update(`${key.guest}\0${key.name}`).digest('hex').slice(0, 8)}`;
}

/** `id:*` ignores the client id: a reinstalled or copied system keeps the address of its MAC. */
function hostLine(reservation: Reservation): string {
  const { hwaddr, ipv4, ipv6, hostname } = reservation;
  const fields = [hwaddr.toLowerCase(), 'id:*', ...(ipv4 ? [ipv4] : []), ...(ipv6 ? [`[${ipv6}]`] : []), hostname];
  return `# ${JSON.stringify(reservation)}\n${ipv4 || ipv6 ? `${fields.join(',')}\n` : ''}`;
}

function nameLines({ hostname, ipv4, ipv6 }: Reservation, domain: string): string {
  return [ipv4, ipv6].map((ip) => (ip ? `${ip} ${hostname}.${domain} ${hostname}\n` : '')).join('');
}

function parse(content: string): Reservation | undefined {
  try {
    const value = JSON.parse(content.slice(2, content.indexOf('\n'))) as Partial<Reservation>;
    const { guest, name, hostname, hwaddr, ipv4, ipv6 } = value;
    if (!guest || !name || !hostname || !hwaddr) return undefined;
    return { guest, name, hostname, hwaddr, ipv4, ipv6 };
  } catch {
    // Written by rename, so never half; a file that somebody damaged is written anew by the next `put`.
    return undefined;
  }
}

async function replace(folder: string, file: string, content: string): Promise<void> {
  const aside = join(folder, `.${file}`);
  await writeFile(aside, content, { mode: 0o644 });
  await rename(aside, join(folder, file));
}
