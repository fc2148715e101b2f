/**
 * The screen: a video device, a tablet, which knows places where a mouse knows ways (the keyboard is the board's own), and the
 * two protocols of viewers. Neither listens: each viewer is handed over at the monitor (screens.ts). Places are fixed at the
 * end of the root bus, so that a screen that comes or goes moves nothing else in the machine.
 */
import type { MachineScreen, VideoDevice } from '../../../core/ports/machine-screen.ts';
import type { Part } from './spec.ts';

/** Memory for the largest size (lib/screen-size.ts); the host gives only what the guest writes. */
const devices: Record<VideoDevice, string> = {
  virtio: 'virtio-vga',
  std: 'VGA,edid=on,vgamem_mb=64',
  qxl: 'qxl-vga,vgamem_mb=64,ram_size_mb=128',
};

/** Where Incus's guests look for it: a port whose name says what speaks there, for copy and paste and sizes of the desktop. */
const spiceAgent = 'com.redhat.spice.0';

export const display: Part = ({ machine: { screen } }, { spice }) =>
  screen
    ? [
        ...['-device', `${devices[screen.device]},id=screen,bus=pcie.0,addr=0x1e,${sizeWords(screen)}`],
        ...['-device', 'qemu-xhci,id=input,bus=pcie.0,addr=0x1d', '-device', 'usb-tablet,id=tablet,bus=input.0'],
        // No viewer throws out another: many ask to be alone without meaning it (TigerVNC, unless told otherwise).
        ...['-vnc', 'none,share=ignore'],
        ...(spice ? spiceWords : []),
      ]
    : [];

const sizeWords = ({ size: { width, height } }: MachineScreen) => `xres=${width},yres=${height}`;

const spiceWords = [
  ...['-spice', 'port=0,disable-ticketing=on,disable-agent-file-xfer=on'],
  ...['-chardev', 'spicevmc,id=spice-agent,name=vdagent'],
  ...['-device', `virtserialport,id=spice-agent,bus=ports.0,chardev=spice-agent,name=${spiceAgent}`],
];
