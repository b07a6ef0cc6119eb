/** Where a piece of work stands, in a line that is always there so that nothing moves. Read out when it changes. */

interface Props {
  readonly busy: boolean;
  readonly error: string | undefined;
  readonly working: string;
  readonly done: string;
}

export function Status({ busy, error, working, done }: Props) {
  return (
    <p class="status" role="status" data-state={error !== undefined ? "error" : busy ? "busy" : "done"}>
      {error !== undefined ? `This did not work: ${error}. Reload the page to try again.` : busy ? working : done}
    </p>
  );
}
