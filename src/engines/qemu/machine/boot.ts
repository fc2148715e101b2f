/** What the machine starts: its firmware, or a kernel of the host. */
import type { Part } from './spec.ts';

/** Where kernel and initrd of a direct boot are seen in QEMU's root: it opens them by name. */
export const bootPaths = { kernel: '/boot/kernel', initrd: '/boot/initrd' } as const;

export const boot: Part = ({ machine }) => {
  if (machine.boot.kind === 'firmware') return [];
  const initrd = machine.boot.initrd === undefined ? [] : ['-initrd', bootPaths.initrd];
  return ['-kernel', bootPaths.kernel, ...initrd, '-append', machine.boot.append];
};
