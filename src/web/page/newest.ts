/** Of things that are under way at once, only the newest counts, whichever comes first. */
export class Newest {
  #turn = 0;

  /**
   * What comes of it; nothing, not even an error, once something newer is under way.
   * @param drop takes what came too late
   */
  async of<T>(coming: Promise<T>, drop?: (late: T) => void): Promise<T | undefined> {
    const turn = ++this.#turn;
    try {
      const found = await coming;
      if (turn === this.#turn) return found;
      drop?.(found);
    } catch (error) {
      if (turn === this.#turn) throw error;
    }
    return undefined;
  }
}
