/** Whether the hand still moves what is asked for, sixty times a second, or rests. */
export type Pace = "moving" | "resting";

/** Tells whether something newer has been asked for meanwhile. */
export type Stale = () => boolean;

/** Runs one job at a time: of those that come while one runs, only the newest is kept. */
export class Latest {
  #running = false;
  #next: ((stale: Stale) => Promise<void>) | undefined;
  #done = Promise.resolve();

  run(job: (stale: Stale) => Promise<void>): void {
    this.#next = job;
    if (!this.#running) this.#done = this.#work();
  }

  /** Resolves when all that has been asked for is done. */
  async settled(): Promise<void> {
    while (this.#running) await this.#done;
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

/** Of things that are under way at once, only the newest counts, whichever comes first. */
export class Newest {
  #turn = 0;
  /** Tells whoever waits for the newest so far that it no longer is. */
  #replace: () => void = () => undefined;

  /**
   * What comes of it; nothing, not even an error, as soon as something newer is under way.
   * @param drop takes what came too late
   */
  of<T>(coming: Promise<T>, drop?: (late: T) => void): Promise<T | undefined> {
    const turn = ++this.#turn;
    this.#replace();
    const replaced = new Promise<undefined>((resolve) => {
      this.#replace = () => resolve(undefined);
    });
    const come = coming.then(
      (found) => {
        if (turn === this.#turn) return found;
        drop?.(found);
        return undefined;
      },
      (error: unknown) => {
        if (turn === this.#turn) throw error;
        return undefined;
      },
    );
    return Promise.race([come, replaced]);
  }
}
