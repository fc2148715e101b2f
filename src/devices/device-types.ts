/** All device types: one line each. */
import type { DeviceTypes } from '../core/ports/devices.ts';
import { listDrmCards } from '../host/drm-cards.ts';
import { disk } from './disk.ts';
import { createGpu } from './gpu.ts';
import { nic } from './nic.ts';
import { none } from './none.ts';
import { proxy } from './proxy.ts';
import { unixBlock, unixChar } from './unix-node.ts';

export const deviceTypes: DeviceTypes = [nic, disk, unixChar, unixBlock, createGpu(listDrmCards), proxy, none];
