/** `80`, `8080:80`, `0.0.0.0:8080:80`, `[::1]:8080:80`: from where here to which port of a guest. Pure. */
import { usageError } from '../cli-error.ts';

export type PortWords = {
  /** Where to listen. Port 0: any that is free. */
  here: { host: string; port: number };
  /** Of the guest. */
  port: number;
};

export function parsePortWords(word: string): PortWords {
  const [, bracketed, host = '127.0.0.1', here, guest = ''] =
    /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):(?=[^:]*:))?(?:(\d{1,5}):)?(\d{1,5})$/.exec(word) ?? [];
  const port = Number(guest);
  const local = here === undefined ? port : Number(here);
  if (guest === '' || port < 1 || port > 65_535 || local > 65_535)
    throw usageError(
      `"${word}" is no port to forward`,
      'gast forward web 8080:80: the port here, then that of the guest',
    );
  return { here: { host: bracketed ?? host, port: local }, port };
}
