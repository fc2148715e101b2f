/** What a bad request is, and short ways to write one. */
export type BadRequest = {
  method: string;
  url: string;
  body?: unknown;
  headers?: Record<string, string>;
  status: number;
  says: RegExp;
};

export const json = { 'Content-Type': 'application/json' };
export const create = (says: RegExp, body: unknown, status = 400): BadRequest => ({
  method: 'POST',
  url: '/1.0/instances',
  body,
  status,
  says,
});
export const source = { type: 'image', alias: 'base' };
export const named = (name: unknown) => ({ name, source });
export const withConfig = (config: unknown) => ({ name: 'new', source, config });
export const withDevices = (devices: unknown) => ({ name: 'new', source, devices });
export const raw = (text: string, says: RegExp, status = 400): BadRequest => ({
  method: 'POST',
  url: '/1.0/instances',
  body: text,
  headers: json,
  status,
  says,
});
export const long = (length: number) => 'a'.repeat(length);

export const put = (url: string, body: unknown, status: number, says: RegExp): BadRequest => ({
  method: 'PUT',
  url,
  body,
  status,
  says,
});
export const post = (url: string, body: unknown, status: number, says: RegExp): BadRequest => ({
  method: 'POST',
  url,
  body,
  status,
  says,
});
export const get = (url: string, status: number, says: RegExp): BadRequest => ({ method: 'GET', url, status, says });
export const del = (url: string, status: number, says: RegExp): BadRequest => ({ method: 'DELETE', url, status, says });
export const etag = { 'If-Match': '"0000"' };
