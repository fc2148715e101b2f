/** What the agent inside a virtual machine tells and does beyond commands. All reject with `HostError`: no agent, no answer. */
export type GuestSystem = { os: string; version: string; kernel: string; hostname: string };

export interface MachineInside {
  /** The password goes to the agent over its own channel, to no command line and no log. */
  setPassword(id: string, user: string, password: string): Promise<void>;
  /** Undefined where no agent answers at once. */
  system(id: string): Promise<GuestSystem | undefined>;
}
