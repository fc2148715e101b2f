/** `gpu`: the DRM nodes of the graphics cards of the host that fit, by number, PCI address or PCI ids; all without these. */
import { deviceKeys } from '../api/config-keys/devices.ts';
import type { DeviceConfig, DeviceType } from '../core/ports/devices.ts';
import type { GuestNode } from '../core/ports/engine.ts';
import type { DrmCard } from '../host/drm-cards.ts';
import { lendingRefusal } from '../host/lent-node.ts';
import { HostError } from '../lib/host-error.ts';
import { askedLooks, modeError } from './node-keys.ts';

export function fittingCards(cards: readonly DrmCard[], config: DeviceConfig): DrmCard[] {
  const same = (wanted: string | undefined, found: string) =>
    wanted === undefined || wanted.toLowerCase().replace(/^0x/, '') === found;
  return cards.filter(
    (card) =>
      same(config.id, String(card.id)) &&
      same(config.pci === undefined ? undefined : fullAddress(config.pci), card.pci) &&
      same(config.vendorid, card.vendor) &&
      same(config.productid, card.product),
  );
}

/** `00:02.0` is in the domain 0000. */
const fullAddress = (address: string) => (/^[0-9a-f]+:[0-9a-f]+:/i.test(address) ? address : `0000:${address}`);

export function createGpu(listCards: () => DrmCard[]): DeviceType {
  const nodesOf = (config: DeviceConfig): GuestNode[] =>
    fittingCards(listCards(), config)
      .flatMap(({ nodes }) => nodes)
      .map(({ path, major, minor }) => {
        return { kind: 'char', path, number: { major, minor }, ...askedLooks(config), optional: false };
      });
  return {
    name: 'gpu',
    keys: deviceKeys.gpu,
    invalid(config) {
      if (config.pci !== undefined && !/^([0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i.test(config.pci))
        return `Invalid value for device option "pci": "${config.pci}" is not an address like 0000:00:02.0`;
      for (const key of ['id', 'pci', 'productid', 'vendorid'] as const)
        for (const other of key === 'id' || key === 'pci' ? (['id', 'pci', 'productid', 'vendorid'] as const) : [])
          if (key !== other && config[key] !== undefined && config[other] !== undefined)
            return `Cannot use "${other}" when "${key}" is set`;
      for (const key of ['vendorid', 'productid'] as const)
        if (config[key] !== undefined && !/^(0x)?[0-9a-f]{4}$/i.test(config[key]))
          return `Invalid value for device option "${key}": "${config[key]}" is not four hexadecimal digits`;
      return modeError(config);
    },
    unavailable: (config) =>
      nodesOf(config)
        .map(lendingRefusal)
        .find((reason) => reason !== undefined),
    parts(config, device) {
      const nodes = nodesOf(config);
      if (nodes.length === 0)
        throw new HostError(`Failed to detect requested GPU device: this host has none that fits`);
      return nodes.map((node) => ({ id: `${device}/${node.path.split('/').at(-1)}`, node }));
    },
  };
}
