/** THE CLOCK PORT: time and randomness, so that tests decide both. */
export interface Clock {
  now(): Date;
  /** Monotonic milliseconds, for durations. */
  elapsedMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  uuid(): string;
  /** Lower-case hexadecimal, two characters a byte. */
  randomHex(bytes: number): string;
}
