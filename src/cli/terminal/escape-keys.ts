/** The way out of a console: Ctrl-a q, as two keystrokes. Ctrl-a Ctrl-a sends one Ctrl-a. Pure. */
const ctrlA = 0x01;
const q = 0x71;

/** Gives what goes to the guest; calls `onEscape` for the way out. */
export function createEscapeFilter(onEscape: () => void): (chunk: Buffer) => Buffer {
  let armed = false;
  return (chunk) => {
    const passed: number[] = [];
    for (const byte of chunk) {
      if (armed) {
        armed = false;
        if (byte === q) {
          onEscape();
          return Buffer.from(passed);
        }
        passed.push(ctrlA);
        if (byte !== ctrlA) passed.push(byte);
      } else if (byte === ctrlA) armed = true;
      else passed.push(byte);
    }
    return Buffer.from(passed);
  };
}
