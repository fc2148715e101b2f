/** Errors of virtual machines, their screens and their memory: a part of the catalogue in errors.ts. */
import type { ErrorEntry } from './errors.ts';

export const machineErrors = {
  'instance.machine-files': {
    status: 400,
    text: 'The virtual machine "{name}" does not run: only itself can read its disk',
    help: 'Start it first: gast start {name}',
  },
  'password.containers': {
    status: 400,
    text: 'Passwords are set by the agent of virtual machines; "{name}" is a container',
    help: 'gast exec {name} -- passwd USER',
  },
  'password.characters': { status: 400, text: 'A user has no colon and no line end in it, a password no line end' },
  'password.refused': { status: 400, text: 'The password of {user} in {name} was not set: {reason}' },
  'instance.no-machines': {
    status: 400,
    text: 'This host runs no virtual machines: {reason}',
  },
  'screen.containers': { status: 400, text: 'VGA console is only supported by virtual machines' },
  'screen.missing': {
    status: 400,
    text: 'The screen of {name} cannot be used: {reason}',
    help: 'gast console {name} is the serial line',
  },
  'screen.size': {
    status: 400,
    text: 'The screen of {name} stays at {shown} while it runs: {reason}',
    help: 'Stop it and set display.resolution then, or give it display.type=virtio',
  },
  'screen.key': {
    status: 400,
    text: 'There is no key "{key}"',
    help: 'Keys are named by their place on a US keyboard, together with "-": ctrl-alt-f1, shift-a, enter',
  },
  'snapshot.no-memory': {
    status: 400,
    text: 'Stateful snapshot restore requested but snapshot is stateless',
    help: 'gast snapshot list shows which have a memory; restore without --stateful',
  },
  'instance.live-move': {
    status: 400,
    text: 'The virtual machine {name} cannot be moved while it runs: {reason}',
    help: 'gast stop {name}, move it, start it again',
  },
  'migration.live-machine': {
    status: 400,
    text: 'The virtual machine {name} cannot go to another server while it runs: {reason}',
    help: 'stop it first (gast stop {name}): its disk travels, its memory does not',
  },
  'instance.no-memory': { status: 400, text: 'The memory of {name} cannot be saved: it does not run' },
  'instance.memory': {
    status: 400,
    text: 'The memory of {name} cannot be saved: {reason}',
    help: 'leave out --stateful: its disk alone can be kept',
  },
  'instance.memory-lost': {
    status: 500,
    text: 'The memory that {name} was stopped with is not in its pool any more',
    help: 'gast start --stateless {name}',
  },
} as const satisfies Record<string, ErrorEntry>;
