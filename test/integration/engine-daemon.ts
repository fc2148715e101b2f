/** A daemon for the tests that kill one: makes and starts one guest, says so, and waits for its end. */
import { createCrunEngine } from '../../src/engines/crun/engine.ts';
import { engineOptions, guestSpec } from './engine-lab.ts';

const [directory = '', rootfs = '', id = ''] = process.argv.slice(2);
const engine = await createCrunEngine(engineOptions(directory));
await engine.create(guestSpec(rootfs, id));
await engine.start(id);
process.stdout.write('running\n');
setInterval(() => {}, 1000);
