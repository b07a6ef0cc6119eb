/** Where a piece of work stands, in a line that is always there so that nothing moves. Read out when it changes. */

interface Props {
  /** Whether there is nothing to show because the visitor has done nothing yet. */
  readonly waiting?: boolean;
  readonly busy: boolean;
  readonly error: string | undefined;
  readonly working: string;
  readonly done: string;
}

export function Status({ waiting = false, busy, error, working, done }: Props) {
  const state = error !== undefined ? "error" : busy ? "busy" : waiting ? "waiting" : "done";
  const words = { error: `This did not work: ${error}. Reload the page to try again.`, busy: working, waiting: "Begins when you scroll, press or type.", done };
  return (
    <p class="status" role="status" data-state={state}>
      {words[state]}
    </p>
  );
}
