/** What Incus keeps of a tree of files, as `stateOf` shows it: the rest may be lost on the way through it. */

type State = Record<string, unknown>;

function changed(state: State, change: (one: State) => State): State {
  return Object.fromEntries(Object.entries(state).map(([name, one]) => [name, change(one as State)]));
}

/** rsync of Incus knows neither hard links nor access lists. */
export const withoutLinks = (state: State): State => changed(state, (one) => ({ ...one, links: undefined }));

/** Its exports have whole seconds, and no holes. */
export const roughly = (state: State): State =>
  changed(state, ({ mtime, sparse: _, ...rest }) => ({ ...rest, seconds: Math.round(Number(mtime) / 1000) }));
