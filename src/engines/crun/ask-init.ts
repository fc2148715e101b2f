/**
 * Asking a guest's init to halt or reboot by the signal that this init understands. The kernel drops signals to an init
 * that has no handler for them, so one that is still starting is asked as soon as it listens.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { isAlive, type ProcessRef, signalProcess } from '../../host/process.ts';
import { signalNumber } from '../../host/signals.ts';
import { initSystemOf } from './init-systems.ts';

const retryMs = 20;
/** An init that does not listen by then never will. */
const patienceMs = 60_000;

/** Returns at once; a later try goes on by itself and ends with the guest. */
export function askInit(init: ProcessRef, what: 'halt' | 'reboot', waitedMs = 0): void {
  if (!isAlive(init)) return;
  // Read at each try: before it executes the guest's init, process 1 is still crun.
  const signal = signalNumber(initSystemOf(readlinkSync(`/proc/${init.pid}/exe`))[what]);
  if (listens(init.pid, signal) || waitedMs >= patienceMs) return void signalProcess(init, signal);
  setTimeout(tryAgain, retryMs, init, what, waitedMs + retryMs).unref();
}

function tryAgain(init: ProcessRef, what: 'halt' | 'reboot', waitedMs: number): void {
  try {
    askInit(init, what, waitedMs);
  } catch {
    // The guest ended while we looked; its end is told by its supervisor.
  }
}

/** True when the process catches the signal, blocks it because it reads it from a descriptor (systemd), or waits for it. */
function listens(pid: number, signal: number): boolean {
  return listensFor(readFileSync(`/proc/${pid}/status`, 'latin1'), signal) || waitsForSignal(pid);
}

/** rt_sigtimedwait of x86-64, arm64, i386, and that of all 32-bit ones with 64-bit times. */
const sigtimedwait = new Set(['128', '137', '177', '421']);

/** busybox init sits in sigtimedwait, which takes the signals waited for out of SigBlk for that long. */
function waitsForSignal(pid: number): boolean {
  return sigtimedwait.has(readFileSync(`/proc/${pid}/syscall`, 'latin1').split(' ')[0] ?? '');
}

export function listensFor(status: string, signal: number): boolean {
  const bit = 1n << BigInt(signal - 1);
  return ['SigBlk', 'SigCgt'].some((field) => {
    const mask = new RegExp(`^${field}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0';
    return (BigInt(`0x${mask}`) & bit) !== 0n;
  });
}
