/** The JSON envelopes of the API; all seven keys are always there, in the order of Incus. */
import type { ApiError, ErrorParams } from '../api/errors.ts';
import type { Operation } from '../api/resources/operations.ts';
import { type Envelope, statusCodes } from '../api/status.ts';

/** Extension error_codes: what an error's metadata says beyond the text. */
export type ErrorDetails = { code: string; params: ErrorParams; help: string | null };

export function syncEnvelope(metadata: unknown): Envelope {
  return {
    type: 'sync',
    status: 'Success',
    status_code: statusCodes.Success,
    operation: '',
    error_code: 0,
    error: '',
    metadata,
  };
}

export function asyncEnvelope(operation: Operation, url: string): Envelope {
  return {
    type: 'async',
    status: 'Operation created',
    status_code: statusCodes['Operation created'],
    operation: url,
    error_code: 0,
    error: '',
    metadata: operation,
  };
}

export function errorEnvelope(error: ApiError, help: string | undefined = error.help): Envelope {
  const details: ErrorDetails = { code: error.code, params: error.params, help: help ?? null };
  return {
    type: 'error',
    status: '',
    status_code: 0,
    operation: '',
    error_code: error.status,
    error: error.message,
    metadata: details,
  };
}
