import { createFakeNetworks } from './fake-networks.ts';
import { networkSuite } from './network.suite.ts';

networkSuite('networks in memory', async () => ({
  networks: createFakeNetworks(),
  guest: async () => 4711,
  async [Symbol.asyncDispose]() {},
}));
