/** Whether a slider or the crop is still being moved, which makes sixty requests a second, or rests. */
export type Pace = "moving" | "resting";

/** Whether a newer request has come meanwhile. */
export type Stale = () => boolean;

/** Runs one job at a time. Of those that come while one runs, only the newest is run after it. */
export class Latest {
  #running = false;
  #next: ((stale: Stale) => Promise<void>) | undefined;
  #done = Promise.resolve();

  run(job: (stale: Stale) => Promise<void>): void {
    this.#next = job;
    if (!this.#running) this.#done = this.#work();
  }

  /** Resolves when no job is left. */
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

/** Of several promises only the newest counts, in whatever order they settle. */
export class Newest {
  #turn = 0;
  /** Ends the wait for the promise that is no longer the newest. */
  #replace: () => void = () => undefined;

  /**
   * The value of the promise; undefined as soon as there is a newer one, and then its error is dropped too.
   * @param drop takes a value that came too late
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
