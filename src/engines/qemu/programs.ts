/** Whether virtual machines can run on this host at all. */
import { run } from '../../host/run.ts';
import { HostError } from '../../lib/host-error.ts';

const help = 'install the packages that tools/vm-packages names, on Debian: apt install qemu-system-x86 qemu-utils';

export async function whyUnusable(program: string): Promise<string | undefined> {
  try {
    await run(program, ['--version']);
    return undefined;
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return `${error.message}: ${help}`;
  }
}
