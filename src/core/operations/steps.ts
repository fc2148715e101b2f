/**
 * The step runner. Work is a list of named steps; each may say how to undo itself. When a step fails or the work is
 * cancelled, the undos of the finished steps run backwards, all of them, and the first error is what the caller sees.
 * On success nothing is undone: what the steps made belongs to the running guest.
 */
export type Step<C> = {
  /** Short imperative, shown to users: "mount the root file system". */
  name: string;
  do(context: C, signal: AbortSignal): Promise<void> | void;
  undo?(context: C): Promise<void> | void;
};

export type StepReport = {
  name: string;
  position: number;
  total: number;
  status: 'running' | 'done' | 'failed' | 'undone';
  durationMs: number;
};

/** Hears of every step of all work that is done anywhere; a test may end the daemon there. */
export type StepObserver = (work: string, report: StepReport) => void;

export type RunStepsOptions = {
  signal: AbortSignal;
  elapsedMs(): number;
  onStep?(report: StepReport): void;
  /** An undo that fails is told here; it never hides the error that caused it. */
  onUndoError?(step: string, error: unknown): void;
};

export async function runSteps<C>(steps: readonly Step<C>[], context: C, options: RunStepsOptions): Promise<void> {
  await using undo = new AsyncDisposableStack();
  const total = steps.length;
  for (const [index, step] of steps.entries()) {
    options.signal.throwIfAborted();
    const begin = options.elapsedMs();
    const report = (status: StepReport['status']) =>
      options.onStep?.({
        name: step.name,
        position: index + 1,
        total,
        status,
        durationMs: options.elapsedMs() - begin,
      });
    report('running');
    try {
      // Pushed before the work: a step that fails half-way is undone as well, so undos accept half-made things.
      const undoStep = step.undo;
      if (undoStep)
        undo.defer(async () => {
          try {
            await undoStep(context);
            report('undone');
          } catch (error) {
            options.onUndoError?.(step.name, error);
          }
        });
      await step.do(context, options.signal);
    } catch (error) {
      report('failed');
      throw error;
    }
    report('done');
  }
  undo.move();
}
