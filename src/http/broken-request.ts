/** Answers what is not HTTP at all, or not in time: there is no request object, only a connection. */
import type { Duplex } from 'node:stream';
import { ApiError } from '../api/errors.ts';
import { errorEnvelope } from './envelope.ts';

const lines: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  // A reset needs no answer, and a connection in the middle of a reply must not get a second one.
  const replying = (socket as Duplex & { _httpMessage?: { headersSent: boolean } })._httpMessage?.headersSent === true;
  if (error.code === 'ECONNRESET' || !socket.writable || replying) {
    socket.destroy();
    return;
  }
  const line = lines[error.code ?? ''] ?? '400 Bad Request';
  const envelope = errorEnvelope(new ApiError('request.invalid', { reason: line.slice(4) }));
  const body = JSON.stringify({ ...envelope, error_code: Number(line.slice(0, 3)) });
  const headers = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
  socket.end(`HTTP/1.1 ${line}\r\n${headers}\r\n\r\n${body}`, () => socket.destroy());
}
