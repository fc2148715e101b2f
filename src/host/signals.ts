/** Signal names and numbers, real-time signals included, as glibc counts them. */
import { constants } from 'node:os';

/** Older words for a number that has a name of POSIX. */
const aliases = ['SIGIOT', 'SIGPOLL'];
const byNumber = new Map(
  Object.entries(constants.signals).flatMap(([name, number]): [number, string][] =>
    aliases.includes(name) ? [] : [[number, name]],
  ),
);

/** First real-time signal that programs may use; the kernel's own first is 32, glibc keeps two for itself. */
const realTimeMin = 34;

/** `SIGRTMIN+3` -> 37, `SIGTERM` -> 15. */
export function signalNumber(name: string): number {
  const realTime = /^SIGRTMIN\+(\d+)$/.exec(name);
  if (realTime) return realTimeMin + Number(realTime[1]);
  const number = constants.signals[name as keyof typeof constants.signals];
  if (number === undefined) throw new Error(`no such signal: ${name}`);
  return number;
}

/** 15 -> `SIGTERM`, 37 -> `SIGRTMIN+3`. */
export function signalName(number: number): string {
  return byNumber.get(number) ?? (number >= realTimeMin ? `SIGRTMIN+${number - realTimeMin}` : `signal ${number}`);
}
