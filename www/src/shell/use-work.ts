/** Something a worker is asked for, and where that stands. */

import { useEffect, useState } from "preact/hooks";

export interface Work<T> {
  /** What came last; kept while something newer is worked at, so that nothing jumps. */
  readonly value: T | undefined;
  readonly busy: boolean;
  readonly error: string | undefined;
}

/**
 * Begins `work` whenever `key` changes; `undefined` asks for nothing. An answer to an older question is not shown. `known` is
 * what is shown before the first answer.
 */
export function useWork<T>(key: string | undefined, work: () => Promise<T>, known?: T): Work<T> {
  const [state, setState] = useState<Work<T>>({ value: known, busy: false, error: undefined });
  useEffect(() => {
    if (key === undefined) return undefined;
    let current = true;
    setState((before) => ({ ...before, busy: true, error: undefined }));
    work().then(
      (value) => current && setState({ value, busy: false, error: undefined }),
      (error: unknown) => current && setState((before) => ({ ...before, busy: false, error: messageOf(error) })),
    );
    return () => {
      current = false;
    };
  }, [key]);
  return state;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
