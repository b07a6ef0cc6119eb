/**
 * `tillproof/saga`: several steps that happen all, or are taken back.
 *
 * `defineSaga` names the steps and their compensations; `run` begins one and waits, `sweep` and `watch` drive on what
 * crashed processes left, `resume` looks again at once, `cancel` has one taken back.
 */

export { ofOutcome, pending, refused } from "./answers.js";
export type { Pending, Refused } from "./answers.js";
export { takeBack, type PaymentsForSaga, type TakenBack } from "./payments.js";
export { defineSaga, Saga } from "./saga.js";
export type {
  CompensatedSaga,
  CompletedSaga,
  PendingSaga,
  SagaInReview,
  SagaOptions,
  SagaOutcome,
  SagaStep,
  SagaTransition,
  SagaWait,
  StepContext,
  UndoContext,
} from "./settings.js";
