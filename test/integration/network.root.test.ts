/** The network port's contract on real bridges, in the laboratory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkSuite } from '../contract/network.suite.ts';
import { openRealNetworks, whyNot } from './network-fixture.ts';

if (whyNot) test('bridge networks', { skip: whyNot }, () => {});
else {
  networkSuite('bridge networks', openRealNetworks);

  test('bridge networks: this host can carry them', async () => {
    await using host = await openRealNetworks();
    assert.equal(await host.networks.unusable(), undefined);
  });
}
