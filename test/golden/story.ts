/**
 * The recordings in the order in which they were made, so that each finds what it needs. All of them were made on one server;
 * those between two servers are in story/two-servers.ts.
 */
import { data } from './story/local-data.ts';
import { instances } from './story/local-instances.ts';
import { lxdClients } from './story/lxd-clients.ts';
import { reachable } from './story/reachable.ts';
import type { Scene } from './story/scene.ts';

export const story: readonly Scene[] = [...instances, ...data, ...reachable, ...lxdClients];
