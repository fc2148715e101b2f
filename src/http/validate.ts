/** Checks bodies and queries against the contract's schemas; each schema is compiled when it is first needed. */
import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { fail } from '../api/errors.ts';
import { describeProblems } from './describe-problems.ts';

const compiled = new WeakMap<TSchema, Validator>();

/** Gives the value back when it fits; otherwise throws `request.invalid` with a text that names each problem. */
export function validated(schema: TSchema, value: unknown, whole: 'body' | 'query'): unknown {
  let validator = compiled.get(schema);
  if (validator === undefined) {
    validator = Compile(schema);
    compiled.set(schema, validator);
  }
  if (validator.Check(value)) return value;
  // A client that has nothing to say sends no body or null; that is the same as an empty object.
  if (value === null && validator.Check({})) return {};
  const problems = validator.Errors(value);
  return fail('request.invalid', { reason: describeProblems(problems, schema, value, whole) });
}
