/** Reads the server's JSON answers: takes the value out of the envelope, or throws the error that it carries. */
import type { IncomingMessage } from 'node:http';
import type { Envelope } from '../api/status.ts';
import { ClientError, connectionError } from './client-error.ts';

/** Extension error_codes: the metadata of an error. Other servers send null. */
type ErrorDetails = { code?: string; params?: Record<string, string | number>; help?: string | null } | null;

export async function readBody(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  try {
    for await (const part of answer) parts.push(part as Buffer);
  } catch (error) {
    throw connectionError(error as NodeJS.ErrnoException, '');
  }
  return Buffer.concat(parts).toString();
}

export async function readEnvelope(answer: IncomingMessage): Promise<Envelope> {
  const text = await readBody(answer);
  const envelope = parse(text);
  if (envelope === undefined) {
    const status = answer.statusCode ?? 0;
    const seen = text.slice(0, 80).trim();
    throw new ClientError({
      status,
      code: 'client.no-envelope',
      message: `The server answered ${status} with something that is not its API: ${seen === '' ? 'nothing' : seen}`,
      help: 'Is GASTHOF_DIR the directory of a Gasthof daemon?',
    });
  }
  if (envelope.type === 'error') throw errorOf(envelope, answer.statusCode ?? 0);
  return envelope;
}

function parse(text: string): Envelope | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'type' in value ? (value as Envelope) : undefined;
  } catch {
    return undefined;
  }
}

function errorOf(envelope: Envelope, status: number): ClientError {
  const details = envelope.metadata as ErrorDetails;
  return new ClientError({
    status: envelope.error_code || status,
    code: details?.code ?? '',
    params: details?.params,
    help: details?.help ?? undefined,
    message: envelope.error || `The server answered ${status}`,
  });
}
