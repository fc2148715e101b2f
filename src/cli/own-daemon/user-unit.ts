/** The unit with which systemd runs a user's own daemon. Pure. */
import { createHash } from 'node:crypto';

export type UnitFacts = {
  /** Absolute path of bin/gasthofd. */
  program: string;
  directory: string;
  /** Settings for the daemon beside its directory, like GASTHOF_SOURCE or a proxy. */
  env: Readonly<Record<string, string>>;
};

/** One name per directory: `gasthof.service` for the usual one. */
export function unitName(directory: string, usual: string): string {
  if (directory === usual) return 'gasthof.service';
  return `gasthof-${createHash('sha256').update(directory).digest('hex').slice(0, 6)}.service`;
}

export function renderUnit({ program, directory, env }: UnitFacts): string {
  const settings = Object.entries({ ...env, GASTHOF_DIR: directory });
  const log = escaped(`${directory}/logs/gasthofd.log`);
  return `# The own Gasthof daemon of this user; written by gast.
[Unit]
Description=Gasthof of this user, daemon for system containers
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=exec
${settings.map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`).join('\n')}
ExecStart=${quoted(program)}
StandardOutput=append:${log}
StandardError=append:${log}
# Guests, their supervisors, dnsmasq and the namespaces live longer than the daemon: only the daemon itself is stopped.
KillMode=process
TimeoutStopSec=40
Restart=on-failure
RestartSec=2
# What a person has to mend first (no ids, a missing program, a taken directory) is not tried again.
RestartPreventExitStatus=64 69 73 75 77
# Guests get control groups of their own below this unit's, and with them limits.
Delegate=yes
# A group of its own for the daemon, beside the guests': cgroup v2 lets no process into a group that others are below.
DelegateSubgroup=gasthofd
TasksMax=infinity
LimitNOFILE=infinity

[Install]
WantedBy=default.target
`;
}

/** systemd reads `%` as the beginning of a specifier. */
const escaped = (text: string) => text.replaceAll('%', '%%');

/** In quotes, a backslash and a quote need a backslash before them; in ExecStart, `$` begins a variable. */
const quoted = (text: string) => `"${escaped(text).replace(/["\\]/g, '\\$&')}"`;
