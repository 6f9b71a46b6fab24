/** Tells whether something newer has been asked for meanwhile. */
export type Stale = () => boolean;

/** Runs one job at a time: of those that come while one runs, only the newest is kept. */
export class Latest {
  #running = false;
  #next: ((stale: Stale) => Promise<void>) | undefined;

  run(job: (stale: Stale) => Promise<void>): void {
    this.#next = job;
    if (!this.#running) void this.#work();
  }

  async #work(): Promise<void> {
    this.#running = true;
    while (this.#next) {
      const job = this.#next;
      this.#next = undefined;
      await job(() => this.#next !== undefined);
    }
    this.#running = false;
  }
}
