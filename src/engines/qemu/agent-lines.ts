/**
 * Lines to the agents of machines, kept from one question to the next: an agent to which nobody is connected looks for somebody
 * ten times a second, so that a new connection costs up to a tenth of a second, and its guest never comes to rest.
 */
import { type JsonLines, openJsonLines } from './json-lines.ts';

export type AgentLines = Disposable & {
  /** One at a time for each machine. A line that breaks is opened anew the next time. */
  use<T>(id: string, work: (line: JsonLines) => Promise<T>): Promise<T>;
  forget(id: string): void;
};

export function createAgentLines(path: (id: string) => string): AgentLines {
  const kept = new Map<string, JsonLines>();
  const forget = (id: string) => {
    kept.get(id)?.[Symbol.dispose]();
    kept.delete(id);
  };
  return {
    async use(id, work) {
      const line = kept.get(id) ?? openJsonLines(path(id), 'the guest agent');
      kept.set(id, line);
      try {
        return await work(line);
      } catch (error) {
        // What it still says belongs to what went wrong.
        forget(id);
        throw error;
      } finally {
        line.rest();
      }
    },
    forget,
    [Symbol.dispose]() {
      for (const id of kept.keys()) forget(id);
    },
  };
}
