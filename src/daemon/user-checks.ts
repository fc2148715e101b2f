/** The rows of `doctor` for an ordinary user's own daemon: what was found, and the line that helps. Pure. */
import type { Check } from '../api/resources/server.ts';
import type { UserFacts } from '../host/user-facts.ts';

/** What a whole system uses: users to 65533, nobody, and those that systemd makes up as it goes (61184 and up). */
const wholeSystem = 65_536;
/** A guest with systemd holds ten to twenty; Debian gives all guests of a user, and the user, 128 together. */
const inotifyInstances = 1024;

export function userChecks(facts: UserFacts): Check[] {
  return [
    idsCheck(facts),
    programsCheck(facts),
    ...(facts.namespaces === undefined ? [] : [namespacesCheck(facts.namespaces, facts)]),
    pastaCheck(facts),
    ...Object.entries(facts.devices).map(([path, errno]) => deviceCheck(path, errno)),
    ...pingCheck(facts),
    ...portsCheck(facts),
    ...inotifyCheck(facts),
    ...keysCheck(facts),
  ];
}

const ok = (name: string, found: string): Check => ({ name, status: 'ok', found, help: '' });
const warning = (name: string, found: string, help: string): Check => ({ name, status: 'warning', found, help });
const failed = (name: string, found: string, help: string): Check => ({ name, status: 'failed', found, help });

/** Holds now and after the next boot. */
function sysctlLine(name: string, value: string): string {
  const file = '/etc/sysctl.d/90-gasthof.conf';
  return `as root: echo '${name} = ${value}' >> ${file} && sysctl -p ${file}`;
}

function idsCheck({ name: user, granted, used }: UserFacts): Check {
  const name = 'subordinate ids';
  if (typeof granted !== 'number') {
    const [found = '', help = ''] = granted.wrong.split(/; (?=as root)/);
    return failed(name, found, help);
  }
  if (used !== undefined && used !== granted)
    return warning(
      name,
      `${granted} for ${user}, but the daemon uses the ${used} that there were when its first guest started`,
      'gast stop --all && gast admin shutdown; the next start of the computer, or of the daemon without guests, takes them',
    );
  if (granted >= wholeSystem) return ok(name, `${granted} for ${user}`);
  return warning(
    name,
    `${granted} for ${user}: users inside of guests go from 0 to ${granted - 2}, and nobody; images with others are refused`,
    `as root: give ${user} ${wholeSystem} ids in /etc/subuid and /etc/subgid`,
  );
}

const packages: Record<string, string> = {
  newuidmap: 'uidmap',
  newgidmap: 'uidmap',
  pasta: 'passt',
  nft: 'nftables',
  dnsmasq: 'dnsmasq-base',
  perl: 'perl-base',
};

function programsCheck({ programs }: UserFacts): Check {
  const missing = Object.keys(programs).filter((program) => !programs[program]);
  if (missing.length === 0) return ok('programs', 'newuidmap, pasta and all others are there');
  const wanted = [...new Set(missing.map((program) => packages[program] ?? program))];
  return failed('programs', `missing: ${missing.join(', ')}`, `as root: apt-get install ${wanted.join(' ')}`);
}

/** The settings that forbid it, the most usual first. */
function namespacesCheck(reason: string, { settings }: UserFacts): Check {
  const name = 'user namespaces';
  if (settings['kernel.unprivileged_userns_clone'] === '0')
    return failed(name, 'forbidden for users', sysctlLine('kernel.unprivileged_userns_clone', '1'));
  if (Number(settings['user.max_user_namespaces'] ?? 100) < 100)
    return failed(
      name,
      `at most ${settings['user.max_user_namespaces']}`,
      sysctlLine('user.max_user_namespaces', '100000'),
    );
  if (settings['kernel.apparmor_restrict_unprivileged_userns'] === '1')
    return failed(name, 'restricted by AppArmor', sysctlLine('kernel.apparmor_restrict_unprivileged_userns', '0'));
  return failed(name, reason, 'as root: find out what forbids it: dmesg | tail');
}

function pastaCheck({ programs, pasta, devices }: UserFacts): Check {
  const name = 'way to the network';
  if (!programs.pasta) return failed(name, 'pasta is missing', 'as root: apt-get install passt');
  if (pasta === undefined) return ok(name, 'pasta is there');
  if (pasta.running) return ok(name, 'pasta runs');
  const help =
    devices['/dev/net/tun'] === undefined ? 'gast admin shutdown; the next command starts both' : 'see /dev/net/tun';
  return warning(name, `pasta does not run, guests reach only each other${pasta.said ? `: ${pasta.said}` : ''}`, help);
}

const withoutDevice: Record<string, string> = {
  '/dev/net/tun': 'guests do not reach the network',
  '/dev/fuse': 'guests see the memory and the processors of the host',
};

function deviceCheck(path: string, errno: string | undefined): Check {
  if (errno === undefined) return ok(path, 'can be opened');
  const module = path.split('/').at(-1);
  const help = errno === 'EACCES' || errno === 'EPERM' ? `as root: chmod 666 ${path}` : `as root: modprobe ${module}`;
  return warning(path, `${errno}: ${withoutDevice[path]}`, help);
}

function pingCheck({ gid, settings }: UserFacts): Check[] {
  const key = 'net.ipv4.ping_group_range';
  const value = settings[key];
  if (value === undefined) return [];
  const [first = 1, last = 0] = value.split(/\s+/).map(Number);
  if (first <= gid && gid <= last) return [ok('ping', 'guests may ping hosts outside')];
  return [warning('ping', 'hosts outside do not answer guests', sysctlLine(key, '0 2147483647'))];
}

/** Not a fault: the usual state of a host. */
function portsCheck({ settings }: UserFacts): Check[] {
  const key = 'net.ipv4.ip_unprivileged_port_start';
  const first = Number(settings[key]);
  if (!Number.isInteger(first)) return [];
  const lower = first > 80 ? ` (lower ones, too, ${sysctlLine(key, '80')})` : '';
  return [ok('ports of this computer', `proxies may listen from ${first} on${lower}`)];
}

/** Each guest has a session keyring; helpers of the daemon and each command that runs have others. */
function keysCheck({ settings }: UserFacts): Check[] {
  const key = 'kernel.keys.maxkeys';
  const value = Number(settings[key]);
  if (!Number.isInteger(value)) return [];
  return [ok('keys of the kernel', `${value}, for about ${value - 20} guests (more: ${sysctlLine(key, '2000')})`)];
}

function inotifyCheck({ settings }: UserFacts): Check[] {
  const key = 'fs.inotify.max_user_instances';
  const value = Number(settings[key]);
  if (!Number.isInteger(value)) return [];
  if (value >= inotifyInstances) return [ok('inotify instances', `${value}, shared by all guests of this user`)];
  return [
    warning(
      'inotify instances',
      `${value}, shared by all guests of this user: about ${Math.floor(value / 16)} guests with systemd`,
      sysctlLine(key, '8192'),
    ),
  ];
}
