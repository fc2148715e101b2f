/** The server's config as it is stored. */
import type { House } from '../house.ts';
import { type ConfigMap, keys, type ServerDoc } from '../model.ts';

export const serverConfig = (house: Pick<House, 'documents'>): ConfigMap =>
  house.documents.get<ServerDoc>(keys.server)?.config ?? {};
