/** Installs what tools/vm-packages names. Tests skip what is not there, and say so. */
import { installPackages, missingPackages, neededPackages } from './debian-packages.mjs';

export async function ensureVmPackages() {
  const missing = missingPackages(neededPackages('vm-packages'));
  if (missing.length > 0) await installPackages('packages for virtual machines', missing);
}
