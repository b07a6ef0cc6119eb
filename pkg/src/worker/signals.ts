/**
 * Signals that end the process once every worker in it has drained.
 *
 * Invariant: a signal is given back to the process after the last drain that any signal began, so that no worker ends
 * another. A second signal finds nobody listening and ends the process at once, as it would without a worker.
 */

/** A worker that drains at some signals. */
interface Listening {
  readonly signals: ReadonlySet<NodeJS.Signals>;
  readonly drain: () => Promise<unknown>;
}

/** The workers of this process that no signal has reached yet. */
const listening = new Set<Listening>();

/** Drains that signals began and that have not ended. */
const draining = new Set<Promise<unknown>>();

/** Calls `drain` at the first of the signals; what is returned ends the listening. */
export function drainAt(signals: readonly NodeJS.Signals[], drain: () => Promise<unknown>): () => void {
  const worker = { signals: new Set(signals), drain };
  for (const signal of worker.signals) if (!process.listeners(signal).includes(onSignal)) process.on(signal, onSignal);
  listening.add(worker);
  return () => forget(worker);
}

function forget(worker: Listening): void {
  listening.delete(worker);
  for (const signal of worker.signals) if (listenersOf(signal).length === 0) process.removeListener(signal, onSignal);
}

function listenersOf(signal: NodeJS.Signals): Listening[] {
  return [...listening].filter(({ signals }) => signals.has(signal));
}

function onSignal(signal: NodeJS.Signals): void {
  for (const worker of listenersOf(signal)) {
    forget(worker);
    const ended: Promise<unknown> = worker.drain().then(
      () => draining.delete(ended),
      () => draining.delete(ended),
    );
    draining.add(ended);
  }
  // Listening took the default action away; given back after the drains, the signal ends the process as it should.
  void allDrained().then(() => process.kill(process.pid, signal));
}

async function allDrained(): Promise<void> {
  while (draining.size > 0) await Promise.all(draining);
}
