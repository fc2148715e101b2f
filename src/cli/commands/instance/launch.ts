import { defineCommand, flag, optional } from '../../command.ts';
import { createInstance, waitForAddresses } from '../../objects/created-instance.ts';
import { newInstance, newOptions } from '../../objects/new-instance.ts';
import { attachConsole } from '../../terminal/console-session.ts';

/** DHCP inside a booting guest takes this long at most; a static address is there at once. */
const addressTimeoutMs = 30_000;

export const launch = defineCommand({
  name: 'launch',
  group: 'guests',
  summary: 'Create a guest and start it',
  details: 'An image that is not there yet but can be built here (gast image build) is built first.',
  args: { image: optional('image', 'image-or-recipe'), name: optional('name') },
  options: { ...newOptions, console: flag('--console', 'show its console at once') },
  examples: [
    ['gast launch debian/12 web', 'a Debian guest named web'],
    ['gast launch debian/12', 'the server chooses a name'],
    ['gast launch images:alpine/3.20 web', 'an image of an image server'],
    ['gast launch otto:bb anna:web', 'an image of otto, a guest on anna'],
    ['gast launch debian/12 db -c limits.memory=2GiB -c limits.cpu=2', 'with limits'],
    ['gast launch debian/12 try --ephemeral', 'gone when it stops'],
    ['gast launch debian/12 web -d eth0,ipv4.address=10.8.84.50', 'with a fixed address'],
    ['gast launch debian/12 vm --vm', 'a virtual machine'],
    ['gast launch --vm images:debian/12 vm -c limits.memory=2GiB -d root,size=20GiB', 'one with more of everything'],
  ],
  imageFirst: true,
  async run(context, { args, options }) {
    const request = await newInstance(context, 'launch', args, options);
    const name = await createInstance(context, 'launching', { ...request, start: true });
    if (options.console) return attachConsole(context, name, {});
    const addresses = await waitForAddresses(context, name, addressTimeoutMs);
    context.print(`${[name, ...addresses].join(' ')}\n`);
    if (addresses.length === 0) context.say(context.texts('no-address', { name }));
    return 0;
  },
});
