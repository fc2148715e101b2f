/** `gpu`: the DRM nodes of the graphics cards of the host that fit, by number, PCI address or PCI ids; all without these. */
import { deviceKeys } from '../api/config-keys/devices.ts';
import type { DeviceConfig, DeviceType } from '../core/ports/devices.ts';
import type { DrmCard } from '../host/drm-cards.ts';
import { HostError } from '../lib/host-error.ts';
import { modeError, parseMode } from './node-keys.ts';

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
    parts(config, device) {
      const cards = fittingCards(listCards(), config);
      if (cards.length === 0)
        throw new HostError(`Failed to detect requested GPU device: this host has none that fits`);
      const { uid, gid } = config;
      const shared = { mode: parseMode(config), uid: Number(uid ?? 0), gid: Number(gid ?? 0), optional: false };
      return cards
        .flatMap(({ nodes }) => nodes)
        .map(({ path, major, minor }) => ({
          id: `${device}/${path.split('/').at(-1)}`,
          node: { kind: 'char' as const, path, number: { major, minor }, ...shared },
        }));
    },
  };
}
