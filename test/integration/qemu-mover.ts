/** A daemon that moves the disk of a machine and never comes back from the note: DIRECTORY ID TO. Says so, and waits to be killed. */
import { createQemuEngine } from '../../src/engines/qemu/engine.ts';
import { qemuOptions } from './qemu-lab.ts';

const [directory = '', id = '', to = ''] = process.argv.slice(2);
const engine = await createQemuEngine(qemuOptions(directory));
const note = () => {
  process.stdout.write('at the note\n');
  return new Promise<void>((resolve) => void setTimeout(resolve, 2 ** 31 - 1));
};
await engine.relocation?.move(id, { files: [{ disk: 'root', to }], note });
