/** One line that grows on a terminal, and silence elsewhere: logs of a build server stay readable. */
export class Progress {
  readonly #label: string;
  readonly #total: number;

  constructor(label: string, total: number) {
    this.#label = label;
    this.#total = total;
  }

  show(done: number): void {
    if (!process.stderr.isTTY) return;
    const width = 32;
    const filled = this.#total === 0 ? width : Math.floor((done * width) / this.#total);
    const bar = "█".repeat(filled) + "░".repeat(width - filled);
    process.stderr.write(`\r${this.#label.padEnd(9)} ${bar} ${done}/${this.#total} `);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write("\n");
  }
}
