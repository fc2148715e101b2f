/** The control socket: one header each way, then nothing until the end or a failure. */
import type { Channel } from '../api/handlers.ts';
import { MigrationRefused } from '../core/ports/migration.ts';
import { createFrameSocket, type FrameSocket } from './frames.ts';
import { decodeControl, decodeHeader, encodeControl, encodeHeader } from './headers.ts';
import type { HeaderMessage } from './messages.ts';

/** The other side itself has said that it failed. */
export class ToldFailure extends MigrationRefused {}

const farewellMs = 10_000;

export type Control = {
  sendHeader(header: HeaderMessage): Promise<void>;
  receiveHeader(): Promise<HeaderMessage>;
  /**
   * What the other side says after the headers: a word with which it is done. Rejects when it says that it failed
   * (`ToldFailure`), or goes away without a word.
   */
  verdict(): Promise<string>;
  /** Without an error: of success. */
  tell(error?: unknown): void;
  /** Success, with a word more. */
  tellDone(message: string): void;
  /** Waits until the other side has closed, which it does when it has read what we told; then closes. */
  farewell(): Promise<void>;
};

export function createControl(channel: Channel, handshakeMs: number, signal: AbortSignal): Control {
  const socket = createFrameSocket(channel, signal);
  return {
    sendHeader: (header) => socket.send(encodeHeader(header)),
    async receiveHeader() {
      return decodeHeader(await nextBinary(socket, handshakeMs));
    },
    async verdict() {
      // The transfer itself is watched on the other socket.
      const control = decodeControl(await nextBinary(socket, 2 ** 31 - 1));
      if (!control.success) throw new ToldFailure(`the other server says: ${control.message || 'it failed'}`);
      return control.message ?? '';
    },
    tell(error) {
      if (error === undefined) channel.sendBinary(encodeControl({ success: true }));
      else channel.sendBinary(encodeControl({ success: false, message: reasonOf(error) }));
    },
    tellDone: (message) => channel.sendBinary(encodeControl({ success: true, message })),
    async farewell() {
      const timer = setTimeout(() => socket.close(), farewellMs);
      await socket.over;
      clearTimeout(timer);
    },
  };
}

async function nextBinary(socket: FrameSocket, silenceMs: number): Promise<Uint8Array> {
  const frame = await socket.next(silenceMs);
  if (!frame) throw new MigrationRefused('the other server has closed the connection');
  if (!frame.isBinary) throw new MigrationRefused('the other server sent text in place of a message');
  return frame.data;
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
