/** A program that owns networks like a daemon: it makes one with NICs for the given processes and waits to be killed. */
import { writeSync } from 'node:fs';
import { createBridgeNetworks } from '../../src/network/bridge/bridge-networks.ts';
import { sampleNetwork, sampleNic } from '../contract/network.suite.ts';

const [stateDirectory = '', tag = '', ...pids] = process.argv.slice(2);
const networks = await createBridgeNetworks({ stateDirectory, tag });
await networks.ensure(sampleNetwork());
for (const [index, pid] of pids.entries()) {
  await networks.admit(sampleNic(index + 1));
  await networks.attach(sampleNic(index + 1), Number(pid));
}
writeSync(1, 'ready\n');
setInterval(() => {}, 1_000_000);
