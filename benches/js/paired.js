/**
 * Measuring in pairs.
 *
 * Invariant: all contenders of a group take turns in one process, in an order that rotates from round to round, so that
 * what slows one slows the others. Ratios are medians of the ratios within each round; times are there for scale only.
 *
 * The clock is CPU time of the process: other processes may take the core away, and that is nobody's speed.
 */

/** Odd, so that a median is one of the rounds. */
export const ROUNDS = 25;

/** CPU microseconds of one contender in one round. The counter ticks in microseconds. */
const SLICE_US = 3_000;

/** Calls before anything is measured: wasm and JavaScript both are slow at first. */
const WARM_UP_US = 40_000;

function cpuUs() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Microseconds for one call, over a slice. */
function slice(call, batch) {
  const started = cpuUs();
  let calls = 0;
  let elapsed = 0;
  while (elapsed < SLICE_US) {
    for (let i = 0; i < batch; i += 1) call();
    calls += batch;
    elapsed = cpuUs() - started;
  }
  return elapsed / calls;
}

/** How often to call between two looks at the counter, which itself takes a microsecond or two. */
function warm(call) {
  const started = cpuUs();
  let calls = 0;
  while (cpuUs() - started < WARM_UP_US) {
    call();
    calls += 1;
  }
  return Math.max(1, Math.ceil(calls / 100));
}

export function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/**
 * Measures functions that do the same work.
 *
 * @param {Record<string, () => unknown>} contenders
 * @returns {Promise<{ us: Record<string, number>, faster: (ours: string, theirs: string) => number }>} medians, and how many
 *   times as long `theirs` takes as `ours`
 */
export async function compare(contenders) {
  const names = Object.keys(contenders);
  const batches = names.map((name) => warm(contenders[name]));
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const times = {};
    for (let turn = 0; turn < names.length; turn += 1) {
      const at = (turn + round) % names.length;
      times[names[at]] = slice(contenders[names[at]], batches[at]);
      // Promises of the asynchronous ones settle here, on nobody's account.
      await null;
    }
    rounds.push(times);
  }
  return {
    us: Object.fromEntries(names.map((name) => [name, median(rounds.map((times) => times[name]))])),
    faster: (ours, theirs) => median(rounds.map((times) => times[theirs] / times[ours])),
  };
}
