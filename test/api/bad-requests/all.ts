/** Every bad request that the tests send. */
import { creation } from './creation.ts';
import { guests } from './guests.ts';
import { others } from './others.ts';
import type { BadRequest } from './request.ts';
import { rulesAndTrust } from './rules-and-trust.ts';
import { volumesAndBackups } from './volumes-and-backups.ts';

export const badRequests: BadRequest[] = [...creation, ...guests, ...others, ...volumesAndBackups, ...rulesAndTrust];
