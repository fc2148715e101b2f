/** All device types: one line each. */
import type { DeviceTypes } from '../core/ports/devices.ts';
import { listDrmCards } from '../host/drm-cards.ts';
import { readPciFacts } from '../host/pci-devices.ts';
import { listUsbDevices } from '../host/usb-devices.ts';
import { disk } from './disk.ts';
import { createGpu } from './gpu.ts';
import { nic } from './nic.ts';
import { none } from './none.ts';
import { createPci } from './pci.ts';
import { proxy } from './proxy.ts';
import { tpm } from './tpm.ts';
import { unixBlock, unixChar } from './unix-node.ts';
import { createUsb } from './usb.ts';

export const deviceTypes: DeviceTypes = [
  nic,
  disk,
  unixChar,
  unixBlock,
  createUsb(listUsbDevices),
  createGpu(listDrmCards),
  createPci(readPciFacts),
  proxy,
  tpm,
  none,
];
