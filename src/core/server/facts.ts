/** `outside`: which ids of the host they are, for a daemon that sees others than the host. */
export type IdBlock = {
  base: number;
  ranges: number;
  size: number;
  shared: boolean;
  outside?: readonly { inside: number; outside: number; count: number }[];
};

/** Facts about this host and this daemon that never change while it lives; gathered once by the composition root. */
export type Facts = {
  serverName: string;
  version: string;
  pid: number;
  /** `x86_64`. */
  architecture: string;
  kernel: string;
  osName: string;
  osVersion: string;
  cpus: number;
  memoryBytes: number;
  cgroups: 'v1' | 'v2' | 'hybrid';
  /** Virtual machines are emulated, and slow: why, and what would help. */
  emulation?: { reason: string; help: string };
  /** What else runs them. */
  acceleration?: string;
  /** First id of the block from which guests get their ranges, and how many there are, of which size; or one for all. */
  idBlock: IdBlock;
  /** Prefix of link names, unique per daemon. */
  linkTag: string;
  /** Name of the network that is made at the first start. */
  defaultNetwork: string;
};
