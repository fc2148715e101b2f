/** For tests: a vm.conf that is a text, with the files that it includes. */
import { parseVmConf } from './parse.ts';
import type { Surroundings } from './plan.ts';
import { translate } from './translate.ts';

export const around: Surroundings = { networks: ['gastbr0'], defaultNetwork: 'gastbr0' };

export const parsed = (text: string, files: Record<string, string> = {}) =>
  parseVmConf('vm.conf', async (path) => {
    const found = path === 'vm.conf' ? text : files[path];
    if (found === undefined) throw new Error(`Cannot read ${path}: there is no such file`);
    return { path, text: found };
  });

/** As people see them: file, line, what is wrong. */
export async function errorsOf(text: string, files?: Record<string, string>): Promise<string[]> {
  const { errors } = translate(await parsed(text, files), around);
  return errors.map(({ file, line, text: said }) => `${file}:${line}: ${said}`);
}
