/** One step of the story: a recording that is replayed, or what somebody had done before the next one was made. */
export type Scene = string | Preparation;

/** A request that nobody recorded. Operations are waited for. */
export type Preparation = {
  prepare: `${'POST' | 'PUT' | 'PATCH' | 'DELETE'} /1.0${string}`;
  body?: unknown;
  headers?: Record<string, string>;
};
