/** Clients send back what they were given, with a change in it. Here the same change is made to what our server gave. */
import { isDeepStrictEqual } from 'node:util';
import type { Names } from './names.ts';
import { isObject } from './recording.ts';

/** `before` is the recorded object that the client had read, `ours` the same object of our server. */
export function rebase(body: unknown, before: unknown, ours: unknown, names: Names): unknown {
  if (!isObject(body) || !isObject(before) || !isObject(ours)) return names.hereDeep(body);
  return Object.fromEntries(
    Object.entries(body).flatMap(([key, value]) => {
      if (isDeepStrictEqual(value, before[key]) && !isObject(value))
        return ours[key] === undefined ? [] : [[key, ours[key]]];
      return [[key, isObject(value) ? rebaseMap(value, before[key], ours[key], names) : names.hereDeep(value)]];
    }),
  );
}

/** Maps of free keys: those that only our server has go back to it too. */
function rebaseMap(body: Record<string, unknown>, before: unknown, ours: unknown, names: Names): unknown {
  if (!isObject(before) || !isObject(ours)) return names.hereDeep(body);
  const own = Object.entries(ours).filter(([key]) => !Object.hasOwn(before, key));
  return { ...Object.fromEntries(own), ...(rebase(body, before, ours, names) as object) };
}
