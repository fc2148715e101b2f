/** Changes a pool without end, until it is killed: `storage-churn.ts DRIVER POOL`. Prints a line per finished call. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { storageDrivers } from '../../src/storage/drivers.ts';

const [driverName = '', source = ''] = process.argv.slice(2);
const driver = storageDrivers({ poolsDirectory: '/nowhere' }).find(({ name }) => name === driverName);
const pool = await driver?.open({ name: 'churn', driver: driverName, config: { source } });
if (!pool) throw new Error(`no driver ${driverName}`);
const { images, volumes, custom } = pool;

async function fill(directory: string): Promise<void> {
  for (let index = 0; index < 40; index += 1) {
    mkdirSync(join(directory, `d${index}`));
    writeFileSync(join(directory, `d${index}/file`), 'x');
    if (index % 8 === 0) await new Promise(setImmediate);
  }
}

for (let round = 0; ; round += 1) {
  const name = `${process.pid}-${round}`;
  const said = (what: string) => process.stdout.write(`${what}\n`);
  await images.create(`i${name}`, fill).then(() => said('image'));
  await Promise.all([
    volumes.createFromImage(`f${name}`, 'image').then(() => said('create')),
    volumes.copy({ id: 'base' }, `c${name}`).then(() => said('copy')),
    volumes.snapshot('base', `s${name}`).then(() => said('snapshot')),
    custom.create({ id: `v${name}` }, 'filesystem', fill).then(() => said('create custom')),
    custom.copy({ id: 'base' }, `w${name}`).then(() => said('copy custom')),
    custom.snapshot('base', `s${name}`).then(() => said('snapshot custom')),
  ]);
  await volumes.restore('base', 'first').then(() => said('restore'));
  if (round % 2) continue;
  await images.remove(`i${name}`).then(() => said('remove image'));
  await volumes.remove(`c${name}`).then(() => said('remove'));
  await custom.remove(`w${name}`).then(() => said('remove custom'));
  await volumes.removeSnapshot('base', `s${name}`).then(() => said('remove snapshot'));
}
