/**
 * Which boards, processors and firmware the engine of this host can make machines of (`Engine.models`). Asked before anything
 * is touched, and again at each start: a machine may have come from a host that knew more.
 */
export type MachineWish = {
  /** A board with its version, `pc-q35-7.2`. */
  type?: string;
  /** A processor, perhaps with flags: `qemu64,+aes`. */
  cpuModel?: string;
  uefi: boolean;
  secureBoot: boolean;
  tpm: boolean;
};

export interface MachineModels {
  /** Why such a machine cannot be made here, with what is near to it or what would help; undefined when it can. */
  refusal(wish: MachineWish): Promise<string | undefined>;
  /** The board of a new machine, with its version, so that it stays the same under later programs. */
  defaultType(): Promise<string>;
}
