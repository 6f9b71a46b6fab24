import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { abortable, type Signal } from "../api/options.ts";
import { type ErrorCode, ZippyNetError } from "../codec/errors.ts";
import type { ModelLocation } from "../model/location.ts";
import type { ResultOf, Task } from "./engine.ts";

/** What a thread is started with. */
export interface ThreadData {
  readonly locations: readonly ModelLocation[];
}
export interface ToThread {
  readonly task: Task;
}
export type FromThread =
  | { readonly kind: "done"; readonly result: ResultOf<Task> }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "broken"; readonly message: string };

/** Milliseconds after which a thread without work ends. */
const PATIENCE = 5000;

/** One core is left to the program that asks; more than four threads only fill memory. */
export function usualThreads(): number {
  return Math.max(1, Math.min(4, availableParallelism() - 1));
}

interface Job {
  readonly task: Task;
  readonly done: (result: ResultOf<Task>) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Threads that encode, so that the program's own goes on answering. They start when there is work, are kept for some seconds, and never
 * keep a program from ending.
 */
export class Pool {
  readonly #locations: readonly ModelLocation[];
  readonly #size: number;
  readonly #queue: Job[] = [];
  readonly #threads = new Set<Thread>();

  constructor(locations: readonly ModelLocation[], size: number) {
    this.#locations = locations;
    this.#size = size;
  }

  /** A signal that aborts takes the task out of the queue, or ends the thread that is at it. Throws `unavailable` if no thread starts. */
  run<T extends Task>(task: T, signal?: Signal): Promise<ResultOf<T>> {
    let job: Job | undefined;
    const work = (): Promise<ResultOf<T>> =>
      new Promise((done, failed) => {
        job = { task, done: (result) => done(result as ResultOf<T>), failed };
        this.#queue.push(job);
        this.#feed();
      });
    return abortable(signal, work, () => this.#abandon(job!));
  }

  #feed(): void {
    while (this.#queue.length > 0) {
      const thread = [...this.#threads].find(({ job }) => !job) ?? this.#start();
      if (!thread) return;
      thread.take(this.#queue.shift()!);
    }
  }

  #start(): Thread | undefined {
    if (this.#threads.size >= this.#size) return undefined;
    const thread = new Thread(this.#locations, {
      idle: () => this.#feed(),
      gone: () => {
        this.#threads.delete(thread);
        this.#feed();
      },
    });
    this.#threads.add(thread);
    return thread;
  }

  #abandon(job: Job): void {
    const waiting = this.#queue.indexOf(job);
    if (waiting >= 0) this.#queue.splice(waiting, 1);
    for (const thread of this.#threads) if (thread.job === job) thread.stop();
  }
}

class Thread {
  job: Job | undefined;
  readonly #worker: Worker;
  readonly #idle: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(locations: readonly ModelLocation[], { idle, gone }: { idle: () => void; gone: () => void }) {
    const workerData: ThreadData = { locations };
    this.#worker = new Worker(new URL("./thread.ts", import.meta.url), { workerData, name: "zippynet" });
    this.#idle = idle;
    this.#worker.unref();
    this.#worker.on("message", (message: FromThread) => this.#take(message));
    this.#worker.on("error", (cause) => {
      const why = `expected a thread to do this, it ended: ${cause instanceof Error ? cause.message : cause}`;
      this.#finish()?.failed(new ZippyNetError("unavailable", why, { cause }));
    });
    this.#worker.on("exit", (code) => {
      this.#finish()?.failed(new ZippyNetError("unavailable", `a thread ended with code ${code}`));
      gone();
    });
  }

  take(job: Job): void {
    clearTimeout(this.#timer);
    this.job = job;
    this.#worker.ref();
    const message: ToThread = { task: job.task };
    this.#worker.postMessage(message);
  }

  stop(): void {
    clearTimeout(this.#timer);
    void this.#worker.terminate();
  }

  #take(message: FromThread): void {
    const job = this.#finish();
    this.#worker.unref();
    this.#timer = setTimeout(() => this.stop(), PATIENCE).unref();
    if (message.kind === "done") job?.done(message.result);
    else if (message.kind === "failed") job?.failed(new ZippyNetError(message.code, message.message));
    else job?.failed(new Error(message.message));
    this.#idle();
  }

  #finish(): Job | undefined {
    const { job } = this;
    this.job = undefined;
    return job;
  }
}
