/** Requests that have to be refused: method, address, body, the status and the words that name the thing. */
import { creation } from './creation.ts';
import { guests } from './guests.ts';
import { others } from './others.ts';
import type { BadRequest } from './request.ts';

export const badRequests: BadRequest[] = [...creation, ...guests, ...others];
