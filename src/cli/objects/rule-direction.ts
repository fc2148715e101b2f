/** Directions of rules of access lists, seen from the guest. */
import { usageError } from '../cli-error.ts';

export const directions = ['ingress', 'egress'] as const;

export function directionField(word: string): 'ingress' | 'egress' {
  const found = directions.find((one) => one === word);
  if (found === undefined) throw usageError(`"${word}" is no direction`, directions.join(' or '));
  return found;
}
