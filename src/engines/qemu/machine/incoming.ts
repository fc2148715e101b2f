/** A machine that does not start but goes on from memory that comes: QEMU waits for it, and then for the word to go on. */
import type { Part } from './spec.ts';

export const incoming: Part = ({ machine }) => (machine.incoming ? ['-incoming', 'defer', '-S'] : []);
