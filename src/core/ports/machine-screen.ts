/**
 * THE SCREEN OF A VIRTUAL MACHINE: what an engine shows of it, and what it gives it to feel. Nothing listens anywhere: each
 * viewer is a connection of its own that the engine opens, and that ends with the viewer, the daemon or the machine; the
 * machine runs on whatever happens to its viewers.
 */
import type { Duplex } from 'node:stream';
import type { ScreenSize } from '../../lib/screen-size.ts';

/** Video devices: what each is good for is told to users in docs/guide/virtual-machines.md. */
export const videoDevices = ['virtio', 'std', 'qxl'] as const;
export type VideoDevice = (typeof videoDevices)[number];

/** With which a machine starts; a machine may have none. */
export type MachineScreen = { device: VideoDevice; size: ScreenSize };

export type ScreenProtocol = 'spice' | 'vnc';

/** What became of a wish for another size. */
export type ResizeResult = {
  /** The device cannot tell its guest of sizes. */
  refused: boolean;
  /** What the guest shows now: it follows when it wants to. */
  shown: ScreenSize;
};

/** All reject with `HostError` when the machine does not run. */
export interface Screens {
  /** Why a machine that runs cannot be looked at in this way; undefined: it can. */
  missing(id: string, protocol: ScreenProtocol): Promise<string | undefined>;
  /** A new viewer's connection, in the words of the protocol. */
  open(id: string, protocol: ScreenProtocol): Promise<Duplex>;
  /** The picture as it is now, as PNG. */
  picture(id: string): Promise<Buffer>;
  /** Presses the keys of each chord together and lets them go, one chord after the other. Names as in lib/keyboard.ts. */
  press(id: string, chords: readonly (readonly string[])[]): Promise<void>;
  /** Tells the guest that its monitor has another size now, and waits a moment whether it follows. */
  resize(id: string, size: ScreenSize): Promise<ResizeResult>;
}
