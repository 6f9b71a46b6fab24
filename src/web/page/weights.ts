import type { ModelInfo } from "../../api/models.ts";
import { client } from "../browser/client.ts";
import { encoderPlace } from "../browser/encoder-place.ts";
import { at, messageOf } from "./dom.ts";

/** Which models' weights are there, and in what order the others come: first those that the picture needs. */
export class Weights {
  readonly #models: ReadonlyMap<string, ModelInfo>;
  readonly #ready = new Set<string>();
  /** Names, the likeliest for the picture first. */
  #order: readonly string[];
  #coming: string | undefined;
  #loading = false;

  /**
   * @param models all that the page has
   * @param order names of those that the page chooses from, the most general first
   */
  constructor(models: readonly ModelInfo[], order: readonly string[]) {
    this.#models = new Map(models.map((model) => [model.name, model]));
    this.#order = order;
  }

  /** Names of the models to choose from now: those that are there, or else the likeliest. */
  get usable(): string {
    const ready = this.#order.filter((name) => this.#ready.has(name));
    return ready.length > 0 ? ready.join() : this.#order[0]!;
  }

  /** A model that has not come yet, of those that a wish names. */
  missing(wish: string | number): ModelInfo | undefined {
    const names = String(wish).split(",");
    return [...this.#models.values()].find(
      ({ name, number }) => (names.includes(name) || number === wish) && !this.#ready.has(name),
    );
  }

  /** Says which models suit the next picture best. */
  expect(order: readonly string[]): void {
    this.#order = order;
    this.#tell();
  }

  /** Says that a model has been used. */
  has(name: string): void {
    if (!this.#models.has(name)) return;
    this.#ready.add(name);
    this.#tell();
  }

  /** Whether nobody waits for this model. */
  isBehind(name: string | undefined): boolean {
    return name !== undefined && name === this.#coming;
  }

  /** Loads what is not there, one model after another, unless the reader saves data. @param came is called after each */
  async takeRest(came: () => void): Promise<void> {
    const { connection } = navigator as { connection?: { saveData?: boolean } }; // Chromium's; TypeScript does not know it
    if (connection?.saveData || this.#loading) return;
    this.#loading = true;
    try {
      for (let name = this.#next(); name !== undefined; name = this.#next()) {
        this.#coming = name;
        this.#tell();
        await client(encoderPlace).load(name);
        this.#coming = undefined;
        this.has(name);
        came();
      }
    } catch (error) {
      this.#tell(`${this.#coming} did not come: ${messageOf(error)}`); // the next picture asks again
    } finally {
      this.#coming = undefined;
      this.#loading = false;
    }
  }

  #next(): string | undefined {
    return this.#order.find((name) => !this.#ready.has(name));
  }

  #tell(failure = ""): void {
    const here = [...this.#ready].map((name) => this.#sized(name));
    const others = this.#order.filter((name) => !this.#ready.has(name));
    const coming = failure === "" && this.#coming !== undefined ? this.#sized(this.#coming) : "";
    at("weights", "p").textContent = [
      here.length > 0 ? `${others.length === 0 ? "All weights" : "Weights"} here: ${here.join(", ")}.` : "",
      coming === "" ? "" : `Coming: ${coming}${others.length > 1 ? `, then ${others.length - 1} more` : ""}.`,
      failure,
    ]
      .filter(Boolean)
      .join(" ");
  }

  #sized(name: string): string {
    return `${name} ${inMegabytes(this.#models.get(name)!.bytes)}`;
  }
}

export function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
