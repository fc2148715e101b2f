/** The budgets of the design (section 6), and what the peers took when they were measured on such a machine. */
export type Budget = { what: string; budget: string; peers: string; within(value: number): boolean };

const atMost = (what: string, limit: number, unit: string, peers: string): Budget => ({
  what,
  budget: `<= ${limit} ${unit}`,
  peers,
  within: (value) => value <= limit,
});
const atLeast = (what: string, limit: number, unit: string, peers: string): Budget => ({
  what,
  budget: `>= ${limit} ${unit}`,
  peers,
  within: (value) => value >= limit,
});

/** Peers: medians of Incus 6.0.4 or 7, LXD 5.0.2, LXC 5.0.2 and podman 4.3.1, each measured beside crun on the same kind of machine. */
export const budgets = {
  launchCli: atMost('launch through the CLI', 4, 'x crun', 'Incus 10.4, LXD 31, LXC 2.1, podman 6.9'),
  launchApi: atMost('launch at the API', 2, 'x crun', '-'),
  execCli: atMost('exec true through the CLI', 56, 'ms (Incus x 1.2)', 'Incus 47, LXC 9, podman 135'),
  execApi: atMost('exec true at the API', 2, 'x crun', '-'),
  stopDelete: atMost('stop --force + delete at the API', 30, 'ms', 'Incus 7 230'),
  systemd: atMost('systemd guest, launch to "running"', 450, 'ms', 'Incus 652'),
  copy: atMost('copy of a guest', 20, 'ms', 'Incus btrfs 65, dir 1255'),
  snapshot: atMost('snapshot of a guest', 20, 'ms', 'Incus btrfs 53, dir 3836'),
  listCli: atMost('list of 200 guests through the CLI', 90, 'ms', 'Incus 745'),
  listApi: atMost('list of 200 guests, recursion=2', 10, 'ms', 'Incus 862'),
  guestMemory: atMost('memory per running container', 0.5, 'MiB', 'Incus 8.8 to 13.5, LXC 0.43, podman 0.36'),
  daemonIdle: atMost('daemon, idle (PSS)', 80, 'MiB', 'Incus 168'),
  daemonFifty: atMost('daemon with 50 guests (PSS)', 100, 'MiB', 'Incus 195'),
  perSecond: atLeast('launches per second, 8 in parallel', 40, '/s', 'crun 224, LXC 55, Incus 6.6'),
  disk: atMost('disk per further guest', 64, 'kB', 'Incus btrfs 168'),
} satisfies Record<string, Budget>;

export type Measured = keyof typeof budgets;
