/** `npm run build`: bundles both programs, whether they look up to date or not. */
import { buildBundles } from './setup/bundles.mjs';
import { main } from './setup/progress.mjs';

await main(buildBundles);
