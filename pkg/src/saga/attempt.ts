/** One attempt of a step or of its compensation: runs the caller's function and puts what became of it into words. */

import { TillproofError } from "../shell/errors.js";
import { errorText } from "../worker/verdict.js";
import { isRefusal, isWord } from "./answers.js";
import type { Action, SagaView, StepNews } from "./engine.js";
import type { SagaStep, StepContext, UndoContext } from "./settings.js";

/** Characters of a stored result: it is read at every later step. */
const RESULT_LENGTH_MAX = 65_536;

/** What is needed to run an attempt. */
export interface Attempt<Input> {
  readonly step: SagaStep<Input>;
  readonly view: SagaView;
  readonly action: Extract<Action, { type: "run" }>;
  readonly timeoutMs: number;
  readonly tell: (error: unknown) => void;
}

/** Runs it; never rejects. */
export async function attempted<Input>({ step, view, action, timeoutMs, tell }: Attempt<Input>): Promise<StepNews> {
  const place = { step: view.step, back: view.back, attempt: action.attempt };
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = tooLate(view.step, timeoutMs);
      reject(error);
      controller.abort(error);
    }, timeoutMs);
  });
  try {
    const answer = await Promise.race([called(step, view, action, controller.signal), late]);
    if (!isWord(answer)) return { ...place, type: "done", result: stored(answer, tell) };
    if (isRefusal(answer)) {
      if (view.back) tell(neverRefused(view.step, answer.reason));
      return { ...place, type: "refused", reason: answer.reason.slice(0, 1_000), proven: answer.proven };
    }
    const { reason, checkAt } = answer;
    return { ...place, type: "pending", reason: reason.slice(0, 1_000), ...(checkAt === undefined ? {} : { check_at: checkAt }) };
  } catch (error) {
    tell(error);
    return { ...place, type: "failed", reason: errorText(error).slice(0, 1_000) };
  } finally {
    clearTimeout(timer);
  }
}

/** What the steps answered, read back. */
export function resultsOf(view: SagaView): Record<string, unknown> {
  return Object.fromEntries(Object.entries(view.results).map(([name, json]) => [name, JSON.parse(json) as unknown]));
}

async function called<Input>(
  step: SagaStep<Input>,
  view: SagaView,
  { key, attempt, doubtful }: Extract<Action, { type: "run" }>,
  signal: AbortSignal,
): Promise<unknown> {
  const { id } = view;
  const input = JSON.parse(view.input) as Input;
  const results = resultsOf(view);
  const common = { key, id, input, results, attempt, signal };
  if (!view.back) {
    return step.run({ ...common, ...(view.cancelled === undefined ? {} : { cancelled: view.cancelled }) } satisfies StepContext<Input>);
  }
  const stepKey = key.replace(/^undo:/, "step:");
  const context: UndoContext<Input> = { ...common, stepKey, result: results[view.step], doubtful, reason: view.turned ?? "" };
  return step.undo?.(context);
}

/** The effect is made, so an answer that cannot be kept must not make it fail: it is left out, and somebody is told. */
function stored(answer: unknown, tell: (error: unknown) => void): string {
  try {
    const json = JSON.stringify(answer ?? null, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value)) ?? "null";
    if (json.length <= RESULT_LENGTH_MAX) return json;
    throw new TypeError(`it has ${json.length} characters: at most ${RESULT_LENGTH_MAX} are kept`);
  } catch (cause) {
    tell(new TillproofError({ code: "saga_result_lost", message: "what the step answered cannot be kept, and reads as null: answer small, plain JSON", cause }));
    return "null";
  }
}

function tooLate(step: string, timeoutMs: number): TillproofError {
  return new TillproofError({
    code: "saga_step_timeout",
    message: `the step ${step} took longer than ${timeoutMs} ms: it is run again under the same key; pass a larger timeoutMs if it may take longer`,
    advice: "retry_same_key",
    details: { step, timeout_ms: String(timeoutMs) },
  });
}

function neverRefused(step: string, reason: string): TillproofError {
  return new TillproofError({
    code: "saga_undo_refused",
    message: `the compensation of ${step} was refused (${reason}): it is tried again, since nothing may be left behind`,
    advice: "retry_same_key",
    details: { step, reason: reason.slice(0, 200) },
  });
}
