/** Whoever installs libraries or builds has to own the checkout; all others use it as it is. */
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './places.mjs';
import { SetupError } from './progress.mjs';

/** `wish`: what would be changed in it. */
export function needOwnCheckout(wish) {
  for (const path of [root, join(root, 'node_modules'), join(root, 'dist')].filter((one) => existsSync(one))) {
    try {
      accessSync(path, constants.W_OK);
    } catch {
      throw new SetupError(`${wish}, but ${path} is not yours`, {
        help: 'make a clone of your own, or let the owner of this one run: npm start',
      });
    }
  }
}
