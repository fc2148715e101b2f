/** Builds the Debian image and launches the first guest, with the command line that a person would use. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runLogged, runQuick } from './child.mjs';
import { gasthofDir, root } from './places.mjs';
import { SetupError, step } from './progress.mjs';

const gastPath = join(root, 'bin', 'gast');
const env = { ...process.env, GASTHOF_DIR: gasthofDir };
const image = 'debian/12';
const waitTimeoutMs = 60_000;
export const guestName = 'first';

/** Returns `{ address, system, state }` of the running guest. */
export async function ensureFirstGuest() {
  const guest = findGuest();
  if (!guest) await makeGuest();
  else if (guest.status !== 'Running')
    await step(`Starting ${guestName}`, (report) => gastLogged('start-first', ['start', guestName], report));
  const address = await settled('an address', () => addressOf(findGuest()));
  const state = await settled('its init to finish booting', bootState);
  return { address, system: osName(), state };
}

async function makeGuest() {
  if (!hasImage()) {
    await step(`Image ${image}, from Debian's packages`, (report) =>
      gastLogged('image-build', ['image', 'build', image], report),
    );
  }
  await step(`Launching ${guestName}`, (report) => gastLogged('launch-first', ['launch', image, guestName], report));
}

function hasImage() {
  return gastJson(['image', 'list']).some((one) => (one.aliases ?? []).some((alias) => alias.name === image));
}

function findGuest() {
  return gastJson(['list']).find((one) => one.name === guestName);
}

function addressOf(guest) {
  const cards = Object.entries(guest?.state?.network ?? {}).filter(([name]) => name !== 'lo');
  const addresses = cards.flatMap(([, card]) => card.addresses ?? []).filter((one) => one.scope === 'global');
  return (addresses.find((one) => one.family === 'inet') ?? addresses[0])?.address;
}

/** `running` or `degraded` as soon as systemd says so; it cannot be asked before its bus is up. */
function bootState() {
  const { stdout } = gast(['exec', guestName, '--', 'systemctl', 'is-system-running']);
  return /^(running|degraded)$/.exec(stdout.trim())?.[1];
}

function osName() {
  const { stdout } = gast(['exec', guestName, '--', 'cat', '/etc/os-release']);
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(stdout)?.[1] ?? 'unknown';
}

/** The first result of `look` that is not undefined. */
async function settled(what, look) {
  const first = look();
  if (first !== undefined) return first;
  return step(`Waiting for ${what}`, async () => {
    const deadline = Date.now() + waitTimeoutMs;
    while (Date.now() < deadline) {
      const found = look();
      if (found !== undefined) return found;
      await sleep(100);
    }
    throw new SetupError(`${guestName}: waited ${waitTimeoutMs / 1000} s for ${what}`, {
      help: `look inside: bin/gast console --log ${guestName}, bin/gast info ${guestName}`,
    });
  });
}

function gast(args) {
  return runQuick(gastPath, args, { env });
}

function gastJson(args) {
  const { status, stdout, stderr } = gast([...args, '--format', 'json']);
  if (status !== 0)
    throw new SetupError(`gast ${args.join(' ')}: ${stderr.trim() || `exit code ${status}`}`, {
      help: 'bin/gast doctor',
    });
  return JSON.parse(stdout);
}

function gastLogged(name, args, report) {
  return runLogged(name, gastPath, args, { env, report, help: 'bin/gast doctor' });
}
