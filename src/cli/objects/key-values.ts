/** Reads `key=value` words of options and arguments. Pure. */
import { usageError } from '../cli-error.ts';

export function parseKeyValues(words: readonly string[], what = 'key=value'): Record<string, string> {
  const result: Record<string, string> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    if (at <= 0) throw usageError(`"${word}" is not ${what}`, `write ${what}`);
    result[word.slice(0, at)] = word.slice(at + 1);
  }
  return result;
}

/** `set NAME key value` and `set NAME key=value key=value` mean the same. */
export function parseAssignments(words: readonly string[]): Record<string, string> {
  const [key, value] = words;
  if (words.length === 2 && key !== undefined && value !== undefined && !key.includes('=')) return { [key]: value };
  return parseKeyValues(words);
}

/** `-d eth0,ipv4.address=10.0.0.5 -d root,size=5GiB`: changes to devices, by device. */
export function parseDevices(words: readonly string[]): Record<string, Record<string, string>> {
  const result: Record<string, Record<string, string>> = {};
  for (const word of words) {
    const [device = '', ...pairs] = word.split(',');
    if (device === '' || device.includes('='))
      throw usageError(`"${word}" names no device`, 'write -d DEVICE,key=value');
    result[device] = { ...result[device], ...parseKeyValues(pairs, 'DEVICE,key=value') };
  }
  return result;
}
