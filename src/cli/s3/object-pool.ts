import { Worker as Thread } from "node:worker_threads";
import { inParallel } from "../../concurrency.ts";
import { doTask, type ObjectResult, type ObjectTask } from "./object-work.ts";

/** Tasks that a thread has at a time: while S3 answers one, its core works at another. */
const AT_ONCE = 4;

/** Tasks and results bear the number of the task. */
export interface ToObjectThread {
  readonly id: number;
  readonly task: ObjectTask;
}
export interface FromObjectThread {
  readonly id: number;
  readonly result: ObjectResult;
}

/**
 * Does tasks on `jobs` cores as they come and yields their results in any order. One job runs in this thread. Throws what keeps
 * every task from being done, such as a model that is not there.
 */
export async function* doTasks(
  tasks: AsyncIterable<ObjectTask>,
  jobs: number,
): AsyncGenerator<ObjectResult, void, undefined> {
  if (jobs === 1) {
    yield* inParallel(tasks, AT_ONCE, doTask);
    return;
  }
  const threads = Array.from({ length: jobs }, () => new ObjectThread());
  try {
    yield* inParallel(tasks, jobs * AT_ONCE, (task) => idlest(threads).run(task));
  } finally {
    await Promise.all(threads.map((thread) => thread.stop()));
  }
}

function idlest(threads: readonly ObjectThread[]): ObjectThread {
  return threads.reduce((a, b) => (b.load < a.load ? b : a));
}

class ObjectThread {
  readonly #thread = new Thread(new URL("./object-thread.ts", import.meta.url));
  readonly #waiting = new Map<
    number,
    { resolve(result: ObjectResult): void; reject(error: unknown): void }
  >();
  #started = 0;

  constructor() {
    this.#thread.on("message", ({ id, result }: FromObjectThread) => {
      this.#waiting.get(id)?.resolve(result);
      this.#waiting.delete(id);
    });
    this.#thread.on("error", (error) => {
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  /** Tasks under way. */
  get load(): number {
    return this.#waiting.size;
  }

  run(task: ObjectTask): Promise<ObjectResult> {
    const message: ToObjectThread = { id: this.#started++, task };
    return new Promise((resolve, reject) => {
      this.#waiting.set(message.id, { resolve, reject });
      this.#thread.postMessage(message);
    });
  }

  async stop(): Promise<void> {
    await this.#thread.terminate();
  }
}
