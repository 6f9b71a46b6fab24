import type { ModelInfo } from "../../api/models.ts";
import { messageOf } from "../../codec/errors.ts";
import { client } from "../browser/client.ts";
import { encoderPlace } from "../browser/encoder-place.ts";
import { at } from "./dom.ts";
import { inMegabytes } from "./measure.ts";

/** Knows which models' weights are loaded, and loads the others, those first that the picture needs. */
export class Weights {
  readonly #models: ReadonlyMap<string, ModelInfo>;
  readonly #ready = new Set<string>();
  /** Names, the model that most likely suits the picture first. */
  #order: readonly string[];
  #coming: string | undefined;
  #loading = false;

  /**
   * @param models all models of the page
   * @param order names of those that the page chooses from, the most likely first
   */
  constructor(models: readonly ModelInfo[], order: readonly string[]) {
    this.#models = new Map(models.map((model) => [model.name, model]));
    this.#order = order;
  }

  /** The models to choose from now, with commas between: those that are loaded, or else the most likely one. */
  get usable(): string {
    const ready = this.#order.filter((name) => this.#ready.has(name));
    return ready.length > 0 ? ready.join() : this.#order[0]!;
  }

  /** The first model that is named and not loaded yet. @param wish a number, or names with commas between */
  missing(wish: string | number): ModelInfo | undefined {
    const names = String(wish).split(",");
    return [...this.#models.values()].find(
      ({ name, number }) => (names.includes(name) || number === wish) && !this.#ready.has(name),
    );
  }

  /** Sets which models suit the next picture, the best first. */
  expect(order: readonly string[]): void {
    this.#order = order;
    this.#show();
  }

  /** Notes that a model is loaded. */
  has(name: string): void {
    if (!this.#models.has(name)) return;
    this.#ready.add(name);
    this.#show();
  }

  /** Whether this model is being loaded while nobody waits for it. */
  isBehind(name: string | undefined): boolean {
    return name !== undefined && name === this.#coming;
  }

  /** Loads the other models, one after the other, unless the reader saves data. @param came is called after each */
  async takeRest(came: () => void): Promise<void> {
    // only Chromium has it, and TypeScript does not know it
    const { connection } = navigator as { connection?: { saveData?: boolean } };
    if (connection?.saveData || this.#loading) return;
    this.#loading = true;
    try {
      for (let name = this.#next(); name !== undefined; name = this.#next()) {
        this.#coming = name;
        this.#show();
        await client(encoderPlace).load(name);
        this.#coming = undefined;
        this.has(name);
        came();
      }
    } catch (error) {
      this.#show(`${this.#coming} did not come: ${messageOf(error)}`); // it is tried again after the next picture
    } finally {
      this.#coming = undefined;
      this.#loading = false;
    }
  }

  #next(): string | undefined {
    return this.#order.find((name) => !this.#ready.has(name));
  }

  #show(failure = ""): void {
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
