/**
 * Operations: slow work that a call starts and does not wait for. Every change is told as an event; a finished operation
 * stays readable for a while, because clients read it once more after the answer.
 */
import { ApiError, fail } from '../../api/errors.ts';
import type { Channel } from '../../api/handlers.ts';
import type { Operation } from '../../api/resources/operations.ts';
import { type StatusName, statusCodes } from '../../api/status.ts';
import { HostError } from '../../lib/host-error.ts';
import type { EventHub } from '../events/hub.ts';
import type { Clock } from '../ports/clock.ts';
import { noJournal, type OperationJournal } from '../ports/operation-journal.ts';
import { createChannelDesk, equalSecrets } from './channels.ts';
import type { StepObserver, StepReport } from './steps.ts';

export type Task = {
  id: string;
  signal: AbortSignal;
  /** Merged into the operation's metadata; null deletes a key. */
  setMetadata(patch: Record<string, unknown>): void;
  onStep(report: StepReport): void;
  /** The websocket that the client opens under this name. @default within 10 seconds */
  channel(name: string, withinMs?: number): Promise<Channel>;
  /** In its place, for websockets of which a client may open several under one name; asked for before anything is waited for. */
  eachChannel(name: string, listener: (channel: Channel) => void): void;
};

export type OperationSpec = {
  description: string;
  /** Empty for work on projects themselves: its events reach listeners of all projects. */
  project: string;
  resources: Record<string, string[]>;
  metadata?: Record<string, unknown>;
  mayCancel?: boolean;
  /** Names of websockets; each gets a secret in `metadata.fds`. */
  channels?: string[];
  /** The secrets lie in the metadata itself: clients of migrations take whatever is in there for secrets. */
  bareSecrets?: boolean;
};

type Entry = {
  project: string;
  view: Operation;
  abort: AbortController;
  done: Promise<void>;
  desk: ReturnType<typeof createChannelDesk>;
};

export interface Operations {
  start(spec: OperationSpec, work: (task: Task) => Promise<void>): Operation;
  /** A token: nothing works, it is there until it is used or cancelled. Its secret is in its metadata. */
  token(spec: Pick<OperationSpec, 'description' | 'project' | 'resources' | 'metadata'>): Operation;
  /** The tokens that can still be used. */
  tokens(): Operation[];
  /** Ends the operations that an earlier life of the daemon left running: those named have reached their goal. */
  settleInterrupted(succeeded: ReadonlySet<string>): void;
  get(id: string): Operation;
  projectOf(id: string): string;
  list(project: string | undefined): Operation[];
  /** The operation when it has ended, or as it is after `timeoutMs`. */
  wait(id: string, timeoutMs: number | undefined, signal: AbortSignal): Promise<Operation>;
  cancel(id: string): void;
  hasSecret(id: string, secret: string): boolean;
  connect(id: string, secret: string): (channel: Channel) => void;
  /** Resolves when nothing runs any more. */
  idle(): Promise<void>;
}

const keptMs = 10_000;

export function createOperations(deps: {
  clock: Clock;
  events: EventHub;
  onBug(error: unknown): void;
  journal?: OperationJournal;
  onStep?: StepObserver | undefined;
}): Operations {
  const journal = deps.journal ?? noJournal;
  const entries = new Map<string, Entry>();
  const find = (id: string): Entry => entries.get(id) ?? fail('operation.not-found');
  const publish = (entry: Entry) => deps.events.operation(entry.project, seen(entry.view));
  const change = (entry: Entry, status: StatusName, patch: Partial<Operation> = {}) => {
    Object.assign(entry.view, patch, {
      status,
      status_code: statusCodes[status],
      updated_at: deps.clock.now().toISOString(),
    });
    publish(entry);
  };
  // Streams end with their daemon: nobody asks for them again.
  const note = ({ project, view }: Entry) => {
    if (view.class === 'task') journal.put({ project, view });
  };
  const forgetLater = (id: string) =>
    setTimeout(() => {
      entries.delete(id);
      journal.drop(id);
    }, keptMs).unref();
  const enter = (id: string, spec: OperationSpec, token = false): Entry => {
    const now = deps.clock.now().toISOString();
    const desk = createChannelDesk(spec.channels ?? [], () => deps.clock.randomHex(32));
    const secrets = spec.bareSecrets ? desk.secrets : { fds: desk.secrets };
    const metadata = spec.channels ? { ...spec.metadata, ...secrets } : (spec.metadata ?? null);
    const view: Operation = {
      id,
      class: token ? 'token' : spec.channels ? 'websocket' : 'task',
      description: spec.description,
      created_at: now,
      updated_at: now,
      status: 'Pending',
      status_code: statusCodes.Pending,
      resources: spec.resources,
      metadata,
      may_cancel: spec.mayCancel ?? false,
      err: '',
      location: 'none',
      steps: [],
    };
    const entry = { project: spec.project, view, abort: new AbortController(), done: Promise.resolve(), desk };
    entries.set(id, entry);
    return entry;
  };
  const finish = (entry: Entry, error?: unknown) => {
    if (error === undefined) change(entry, 'Success', { may_cancel: false });
    else {
      const { aborted, reason } = entry.abort.signal;
      // Streams and programs that are cut short tell it in words of their own.
      const shown = aborted && isAbort(error) ? reason : error;
      change(entry, aborted ? 'Cancelled' : 'Failure', { may_cancel: false, ...describe(shown, deps.onBug) });
    }
    note(entry);
    forgetLater(entry.view.id);
  };
  for (const { project, view } of journal.earlier) {
    const desk = createChannelDesk([], () => '');
    entries.set(view.id, { project, view, abort: new AbortController(), done: Promise.resolve(), desk });
    if (view.status_code >= 200) forgetLater(view.id);
  }

  return {
    start(spec, work) {
      const entry = enter(deps.clock.uuid(), spec);
      note(entry);
      publish(entry);
      change(entry, 'Running');
      const first = seen(entry.view);
      const task: Task = {
        id: entry.view.id,
        signal: entry.abort.signal,
        setMetadata(patch) {
          entry.view.metadata = merged(entry.view.metadata, patch);
          change(entry, 'Running');
        },
        onStep(report) {
          entry.view.steps = withStep(entry.view.steps ?? [], report, deps.clock.now());
          change(entry, 'Running');
          deps.onStep?.(spec.description, report);
        },
        channel: (name, withinMs) => entry.desk.take(name, entry.abort.signal, withinMs),
        eachChannel: (name, listener) => entry.desk.each(name, listener),
      };
      entry.done = Promise.resolve()
        .then(() => work(task))
        .then(
          () => finish(entry),
          (error: unknown) => finish(entry, error ?? new Error('unknown')),
        )
        .finally(() => entry.desk.close());
      return first;
    },
    token(spec) {
      const entry = enter(deps.clock.uuid(), { ...spec, mayCancel: true }, true);
      const { promise, resolve } = Promise.withResolvers<void>();
      entry.done = promise;
      entry.abort.signal.addEventListener('abort', () => {
        change(entry, 'Cancelled');
        resolve();
        forgetLater(entry.view.id);
      });
      publish(entry);
      change(entry, 'Running');
      return seen(entry.view);
    },
    tokens: () =>
      [...entries.values()]
        .filter(({ view }) => view.class === 'token' && view.status_code < 200)
        .map(({ view }) => seen(view)),
    settleInterrupted(succeeded) {
      for (const { view } of journal.earlier) {
        const entry = entries.get(view.id);
        if (entry && view.status_code < 200)
          finish(entry, succeeded.has(view.id) ? undefined : new ApiError('operation.interrupted'));
      }
    },
    get: (id) => seen(find(id).view),
    projectOf: (id) => find(id).project,
    list: (project) =>
      [...entries.values()]
        .filter((entry) => project === undefined || (entry.project || 'default') === project)
        .map((entry) => seen(entry.view)),
    async wait(id, timeoutMs, signal) {
      const entry = find(id);
      const gone = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => gone.resolve(), { once: true });
      const timer = timeoutMs === undefined ? undefined : setTimeout(gone.resolve, timeoutMs);
      await Promise.race([entry.done, gone.promise]);
      clearTimeout(timer);
      return seen(entry.view);
    },
    cancel(id) {
      const entry = find(id);
      if (entry.view.status_code >= 200) fail('operation.not-running');
      if (!entry.view.may_cancel) fail('operation.not-cancellable');
      entry.abort.abort(new ApiError('operation.cancelled'));
    },
    hasSecret(id, secret) {
      const { desk, view } = find(id);
      const own = view.class === 'token' ? undefined : view.metadata?.secret;
      return desk.knows(secret) || (typeof own === 'string' && equalSecrets(own, secret));
    },
    connect: (id, secret) => find(id).desk.connect(secret) ?? fail('operation.secret'),
    async idle() {
      const works = [...entries.values()].filter(({ view }) => view.class !== 'token');
      await Promise.all(works.map((entry) => entry.done));
    },
  };
}

/**
 * An operation as it is now. What is inside is never changed, only replaced (`merged`, `withStep`), so that thousands of kept
 * events share their steps.
 */
const seen = (view: Operation): Operation => ({ ...view });

function merged(old: Operation['metadata'], patch: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...old, ...patch }).filter(([, value]) => value !== null));
}

function withStep(
  steps: NonNullable<Operation['steps']>,
  report: StepReport,
  now: Date,
): NonNullable<Operation['steps']> {
  const known = steps.find((step) => step.name === report.name && step.status === 'running');
  const step = {
    name: report.name,
    position: report.position,
    total: report.total,
    status: report.status,
    started_at: known?.started_at ?? now.toISOString(),
    duration_ms: Math.round(report.durationMs * 100) / 100,
  };
  return known ? steps.map((other) => (other === known ? step : other)) : [...steps, step];
}

const isAbort = (error: unknown) => error instanceof Error && error.name === 'AbortError';

/** Wire form of an operation's error. Bugs are reported to `onBug` and shown without their inside. */
function describe(error: unknown, onBug: (error: unknown) => void): Partial<Operation> {
  if (error instanceof ApiError)
    return {
      err: error.message,
      err_code: error.code,
      err_params: error.params,
      ...(error.help ? { err_help: error.help } : {}),
    };
  if (error instanceof HostError)
    return {
      err: error.message,
      err_code: 'host.refused',
      err_params: { reason: error.message },
      ...(error.help ? { err_help: error.help } : {}),
    };
  onBug(error);
  const reason = error instanceof Error ? error.message : String(error);
  return { err: `Internal error: ${reason}`, err_code: 'internal', err_params: { reason } };
}
