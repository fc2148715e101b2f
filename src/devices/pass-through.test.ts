import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readPciFacts } from '../host/pci-devices.ts';
import { listUsbDevices } from '../host/usb-devices.ts';
import { createPci, pciRefusal } from './pci.ts';
import { createUsb, fittingUsb } from './usb.ts';

/** A tree like /sys: two devices on a USB bus beside its hub, and four on a PCI bus. */
function madeUpSys() {
  const sys = mkdtempSync(join(tmpdir(), 'sys-'));
  const usb = (name: string, files: Record<string, string>) => {
    const path = join(sys, 'bus/usb/devices', name);
    mkdirSync(path, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), `${text}\n`);
  };
  usb('usb1', { busnum: '1', devnum: '1', idVendor: '1d6b', idProduct: '0002' });
  usb('1-1', { busnum: '1', devnum: '4', idVendor: '0781', idProduct: '5581', serial: 'A1' });
  usb('1-1:1.0', { bInterfaceNumber: '00' });
  usb('1-2.3', { busnum: '1', devnum: '12', idVendor: '0781', idProduct: '5590' });
  const pci = (address: string, driver?: string, group?: string) => {
    const path = join(sys, 'bus/pci/devices', address);
    mkdirSync(path, { recursive: true });
    if (driver !== undefined) {
      mkdirSync(join(sys, 'bus/pci/drivers', driver), { recursive: true });
      symlinkSync(join(sys, 'bus/pci/drivers', driver), join(path, 'driver'));
    }
    if (group === undefined) return;
    mkdirSync(join(sys, 'kernel/iommu_groups', group, 'devices', address), { recursive: true });
    symlinkSync(join(sys, 'kernel/iommu_groups', group), join(path, 'iommu_group'));
  };
  pci('0000:00:02.0', 'i915');
  pci('0000:01:00.0', 'nvidia', '7');
  pci('0000:02:00.0', 'vfio-pci', '8');
  pci('0000:03:00.0', 'vfio-pci', '9');
  pci('0000:03:00.1', 'snd_hda_intel', '9');
  return { sys, [Symbol.dispose]: () => rmSync(sys, { recursive: true }) };
}

test('devices of USB buses are found by id, serial number and place; hubs and interfaces are none', () => {
  using host = madeUpSys();
  const devices = listUsbDevices(host.sys);
  const nodes = (config: Record<string, string>) => fittingUsb(devices, config).map(({ node }) => node);
  assert.deepEqual(nodes({ vendorid: '0781' }), ['/dev/bus/usb/001/004', '/dev/bus/usb/001/012']);
  assert.deepEqual(nodes({ vendorid: '0x0781', productid: '5581' }), ['/dev/bus/usb/001/004']);
  assert.deepEqual(nodes({ serial: 'A1' }), ['/dev/bus/usb/001/004']);
  assert.deepEqual(nodes({ busnum: '1', devnum: '12' }), ['/dev/bus/usb/001/012']);
  assert.deepEqual(nodes({ vendorid: '1d6b' }), []);
});

test('a USB device that is required has to be there, others are left out', () => {
  using host = madeUpSys();
  const usb = createUsb(() => listUsbDevices(host.sys));
  assert.deepEqual(usb.inMachine?.({ vendorid: 'ffff' }), { kind: 'usb', nodes: [] });
  assert.throws(() => usb.inMachine?.({ vendorid: 'ffff', required: 'true' }), /Required USB device not found/);
  assert.match(usb.invalid?.({}, 'x') ?? '', /it needs vendorid/);
  assert.match(usb.invalid?.({ vendorid: 'x' }, 'x') ?? '', /hexadecimal/);
});

test('what a host lacks to pass on a PCI device is said exactly', () => {
  using host = madeUpSys();
  const refusal = (address: string) => pciRefusal(address, readPciFacts(address, host.sys));
  assert.match(refusal('0000:09:00.0') ?? '', /has no PCI device/);
  assert.match(refusal('0000:00:02.0') ?? '', /IOMMU of this host is off/);
  assert.match(refusal('0000:01:00.0') ?? '', /held by nvidia, not by vfio-pci/);
  assert.match(refusal('0000:03:00.0') ?? '', /group 9 with 0000:03:00.1 \(snd_hda_intel\)/);
  assert.equal(refusal('0000:02:00.0'), undefined);
  const pci = createPci((address) => readPciFacts(address, host.sys));
  assert.match(String(pci.inMachine?.({ address: '02:00.0' })), /not offered yet/);
  assert.match(pci.invalid?.({ address: '../..' }, 'x') ?? '', /is not an address/);
});
