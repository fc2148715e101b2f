/** Changes the disks of a pool without end, until it is killed: `disks-churn.ts DRIVER POOL`. Prints a line per finished call. */
import { copyFileSync } from 'node:fs';
import { storageDrivers } from '../../src/storage/drivers.ts';

const [driverName = '', source = ''] = process.argv.slice(2);
const driver = storageDrivers({ poolsDirectory: '/nowhere' }).find(({ name }) => name === driverName);
const pool = await driver?.open({ name: 'churn', driver: driverName, config: { source } });
if (!pool) throw new Error(`no driver ${driverName}`);
const { disks } = pool;
const [head] = await disks.chain({ id: 'whole' });
const fill = async (path: string) => copyFileSync(head.path, path);

for (let round = 0; ; round += 1) {
  const name = `${process.pid}-${round}`;
  const said = (what: string) => process.stdout.write(`${what}\n`);
  await Promise.all([
    disks.images.create(`i${name}`, fill).then(() => said('image')),
    disks.createFromImage(`f${name}`, 'image').then(() => said('create')),
    disks.create({ id: `w${name}` }, fill).then(() => said('fill')),
    disks.snapshot('base', `s${name}`).then(() => said('snapshot')),
    disks.copy({ id: 'base', snapshot: 'first' }, `c${name}`).then(() => said('copy')),
    disks.copySnapshot({ id: 'base', snapshot: 'first' }, { id: `f${name}`, snapshot: 's' }).then(() => said('copy')),
  ]);
  // Another layer to be merged, and one that is bigger.
  await disks.grow(`c${name}`, 2 ** 27).then(() => said('grow'));
  await disks.snapshot(`c${name}`, 'one').then(() => said('snapshot'));
  await disks.grow(`c${name}`, 2 ** 28).then(() => said('grow'));
  await disks.removeSnapshot(`c${name}`, 'one').then(() => said('remove snapshot'));
  await disks.compact(`c${name}`).then(() => said('compact'));
  await disks.restore('base', 'first').then(() => said('restore'));
  await disks.replace('base', `c${name}`).then(() => said('replace'));
  if (round % 2) continue;
  await disks.images.remove(`i${name}`).then(() => said('remove image'));
  await disks.remove(`f${name}`).then(() => said('remove'));
  await disks.removeSnapshot('base', `s${name}`).then(() => said('remove snapshot'));
}
