/** One writer at a time per key: work given for one key runs in order, work for different keys runs side by side. */

export type Turn = {
  /** Aborts when somebody else waits for this key; who holds it only to keep something ready can then let go. */
  readonly wanted: AbortSignal;
};
export type KeyedQueue = <T>(key: string, work: (turn: Turn) => Promise<T>) => Promise<T>;

/** The turns of one key: `waiting` counts those behind the one that runs. */
type Line = { tail: Promise<unknown>; waiting: number; controller: AbortController | undefined };

export function createKeyedQueue(): KeyedQueue {
  const lines = new Map<string, Line>();
  return (key, work) => {
    const known = lines.get(key);
    const line: Line = known ?? { tail: Promise.resolve(), waiting: 0, controller: undefined };
    if (known) {
      line.waiting += 1;
      line.controller?.abort();
    }
    const run = () => {
      line.controller = undefined;
      return work(turnOf(line));
    };
    const result = line.tail.then(run);
    const tail = result
      .catch(() => {})
      .finally(() => {
        if (line.tail === tail) lines.delete(key);
        else line.waiting -= 1;
      });
    line.tail = tail;
    lines.set(key, line);
    return result;
  };
}

/** The signal is only made for those who look at it: most work does not. */
function turnOf(line: Line): Turn {
  let controller: AbortController | undefined;
  return {
    get wanted() {
      if (!controller) {
        controller = new AbortController();
        line.controller = controller;
        if (line.waiting > 0) controller.abort();
      }
      return controller.signal;
    },
  };
}
