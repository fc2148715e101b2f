/** `usb`: the devices on the USB buses of the host that fit, by their ids, their serial number or their place on a bus. */
import { deviceKeys } from '../api/config-keys/devices.ts';
import { isTrue } from '../api/config-keys/key.ts';
import type { DeviceConfig, DeviceType } from '../core/ports/devices.ts';
import { lendingRefusal } from '../host/lent-node.ts';
import type { UsbDevice } from '../host/usb-devices.ts';
import { HostError } from '../lib/host-error.ts';
import { askedLooks, modeError } from './node-keys.ts';

export function fittingUsb(devices: readonly UsbDevice[], config: DeviceConfig): UsbDevice[] {
  const same = (wanted: string | undefined, found: string) =>
    wanted === undefined || wanted.toLowerCase().replace(/^0x/, '') === found.toLowerCase();
  return devices.filter(
    (one) =>
      same(config.vendorid, one.vendor) &&
      same(config.productid, one.product) &&
      (config.serial === undefined || config.serial === one.serial) &&
      (config.busnum === undefined || Number(config.busnum) === one.bus) &&
      (config.devnum === undefined || Number(config.devnum) === one.device),
  );
}

export function createUsb(listDevices: () => UsbDevice[]): DeviceType {
  const nodesOf = (config: DeviceConfig): string[] => {
    const found = fittingUsb(listDevices(), config).map(({ node }) => node);
    if (found.length === 0 && isTrue(config.required))
      throw new HostError('Required USB device not found: this host has none that fits');
    return found;
  };
  const asNode = (config: DeviceConfig, path: string) => ({
    kind: 'char' as const,
    path,
    source: path,
    ...askedLooks(config),
    optional: !isTrue(config.required),
  });
  return {
    name: 'usb',
    keys: deviceKeys.usb,
    invalid(config) {
      for (const key of ['vendorid', 'productid'] as const)
        if (config[key] !== undefined && !/^(0x)?[0-9a-f]{4}$/i.test(config[key]))
          return `Invalid value for device option "${key}": "${config[key]}" is not four hexadecimal digits`;
      if (!['vendorid', 'productid', 'serial', 'busnum', 'devnum'].some((key) => config[key] !== undefined))
        return 'it needs vendorid, productid, serial, busnum or devnum: all devices of the host are meant otherwise';
      return modeError(config);
    },
    unavailable: (config) =>
      fittingUsb(listDevices(), config)
        .map(({ node }) => lendingRefusal(asNode(config, node)))
        .find((reason) => reason !== undefined),
    inMachine: (config) => ({ kind: 'usb', nodes: nodesOf(config) }),
    parts: (config, device) => nodesOf(config).map((path) => ({ id: `${device}${path}`, node: asNode(config, path) })),
  };
}
