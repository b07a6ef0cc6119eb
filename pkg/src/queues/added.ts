/** Who wants to know at once that this process added a job. */
export class Listeners {
  readonly #listeners = new Set<() => void>();

  /** Adds one; what is returned removes it. */
  readonly listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Tells all of them. */
  tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
