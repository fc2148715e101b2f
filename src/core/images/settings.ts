/** What the server's configuration says about images; a project may say otherwise. */
import { isTrue } from '../../api/config-keys/key.ts';
import type { House } from '../house.ts';
import { keys, type ServerDoc } from '../model.ts';
import { projectConfig } from '../projects/features.ts';

export type ImageSettings = {
  compression: string;
  /** Images that are fetched for an instance are kept up to date. */
  updateCached: boolean;
  /** 0: never. */
  updateEveryHours: number;
  /** A cached image that nobody used for so long goes; 0: never. */
  cacheDays: number;
  /** The architecture of images that are asked for without one; empty: that of the host. */
  architecture: string;
};

export function imageSettings(house: Pick<House, 'documents'>, project: string): ImageSettings {
  const server = house.documents.get<ServerDoc>(keys.server)?.config ?? {};
  const config = { ...server, ...projectConfig(house, project) };
  const number = (key: string, otherwise: number) => Number(config[key] || otherwise);
  return {
    compression: config['images.compression_algorithm'] || 'gzip',
    updateCached: isTrue(config['images.auto_update_cached'] || 'true'),
    updateEveryHours: number('images.auto_update_interval', 6),
    cacheDays: number('images.remote_cache_expiry', 10),
    architecture: config['images.default_architecture'] ?? '',
  };
}
