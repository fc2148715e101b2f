/**
 * `core.trust_password`, with which clients of LXD may enter their certificate. It is stored as a hash and never shown;
 * guessing is slow, because attempts stand in one line and a wrong one takes a second.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { House } from '../house.ts';
import { serverConfig } from '../server/config.ts';

const derive = promisify(scrypt) as (password: string, salt: Buffer, bytes: number) => Promise<Buffer>;
const keyBytes = 32;
const wrongMs = 1_000;

/** `scrypt:<salt>:<hash>`, both in hexadecimal. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `scrypt:${salt.toString('hex')}:${(await derive(password, salt, keyBytes)).toString('hex')}`;
}

export async function isTrustPassword(
  house: Pick<House, 'documents' | 'queue' | 'clock'>,
  given: string,
): Promise<boolean> {
  return house.queue('trust-password', async () => {
    const [, salt = '', hash = ''] = (serverConfig(house)['core.trust_password'] ?? '').split(':');
    if (hash === '' || given === '') return false;
    const derived = await derive(given, Buffer.from(salt, 'hex'), keyBytes);
    const right = timingSafeEqual(derived, Buffer.from(hash, 'hex'));
    if (!right) await house.clock.sleep(wrongMs);
    return right;
  });
}
