/** USB devices of the host in a QEMU that runs: handed over as nodes, for QEMU opens none itself. */
import { fileTag } from './file-tag.ts';
import { handFile, takeBack } from './handed.ts';
import { usbDevice } from './machine/devices.ts';
import { openDiskFile } from './open-file.ts';
import { ensureController } from './plug-disks.ts';
import type { Qmp } from './qmp.ts';

export async function addUsb(qmp: Qmp, name: string, node: string): Promise<void> {
  await ensureController(qmp, 'usb');
  const set = await handFile(qmp, openDiskFile({ path: node, readOnly: false }), { tag: fileTag(node) });
  try {
    await qmp.ask('device_add', usbDevice(name, `/dev/fdset/${set}`));
  } catch (error) {
    await takeBack(qmp, fileTag(node)).catch(() => {});
    throw error;
  }
}

/** When the device is out of the machine, however it came into it. */
export const dropUsb = (qmp: Qmp, node: string): Promise<void> => takeBack(qmp, fileTag(node));
