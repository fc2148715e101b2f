/** Options that the `get`, `set` and `unset` commands of all nouns share. */
import { flag } from '../command.ts';

export const propertyOption = flag('-p, --property', 'a property of the object, like description, instead of a key');
