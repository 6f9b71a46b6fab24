import { availableParallelism } from "node:os";
import type { Worker, WorkerOptions } from "node:worker_threads";
import { abortable, type CommonOptions, type Listener, type Progress } from "../api/options.ts";
import { type ErrorCode, messageOf, ZippyNetError } from "../codec/errors.ts";

/** A task on its way to a thread. */
export interface ToThread<Task> {
  readonly id: number;
  readonly task: Task;
}
/**
 * The result of a task, or how far it has come. The class of an error is lost between threads, so its parts are sent.
 */
export type FromThread<Result> = { readonly id: number } & (
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "done"; readonly result: Result }
  | { readonly kind: "failed"; readonly started: boolean; readonly error: SentError }
);
export type SentError =
  | { readonly code: ErrorCode; readonly message: string }
  | { readonly code?: never; readonly name: string; readonly message: string };

export interface PoolOptions {
  /** Threads at most. */
  readonly size: number;
  /** What each thread is started with; it is copied. */
  readonly data?: unknown;
  /** Tasks that a thread has at a time: more than one where tasks wait for others, such as S3. 1 by default. */
  readonly atOnce?: number;
}

/** Milliseconds after which a thread without work ends. */
const IDLE_TIME = 5000;

/** One core is left to the program that asks; more than four threads only fill memory. */
export function usualThreads(): number {
  return Math.max(1, Math.min(4, availableParallelism() - 1));
}

interface Job<Task, Result> {
  readonly id: number;
  readonly task: Task;
  readonly report: Listener | undefined;
  readonly done: (result: Result) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Threads that do tasks, so that the program's own goes on answering. They start when there is work, are kept for some
 * seconds, and never keep a program from ending. A thread that dies fails what it was at, and another takes its place.
 * @example
 * const open = (options: WorkerOptions) => new Worker(new URL("./thread.ts", import.meta.url), options);
 * const pool = new Pool<Task, Result>(open, { size: 4 });
 * const result = await pool.run(task); // ./thread.ts calls `serveTasks` of pool-thread.ts
 */
export class Pool<Task, Result> {
  readonly #open: (options: WorkerOptions) => Worker;
  readonly #options: PoolOptions;
  readonly #queue: Job<Task, Result>[] = [];
  readonly #threads = new Set<Thread<Task, Result>>();
  #ids = 0;
  #failedStart: unknown;

  /** @param open makes a thread: `new Worker` stands where bundlers see it beside the file's URL */
  constructor(open: (options: WorkerOptions) => Worker, options: PoolOptions) {
    this.#open = open;
    this.#options = options;
  }

  /** The error of a thread that could not start, if there was one. Every task would fail with it. */
  get failedStart(): unknown {
    return this.#failedStart;
  }

  /**
   * Does a task. A signal that aborts, or a listener that throws, takes it out of the queue, or ends the thread that is
   * at it. Throws what the task throws, and `unavailable` if its thread ends.
   */
  run<T extends Task, R extends Result>(task: T, options: CommonOptions = {}): Promise<R> {
    let job: Job<Task, Result> | undefined;
    const work = (report: Listener | undefined): Promise<R> =>
      new Promise((done, failed) => {
        job = { id: this.#ids++, task, report, done: (result) => done(result as R), failed };
        this.#queue.push(job);
        this.#feed();
      });
    return abortable(options, work, () => this.#abandon(job!));
  }

  /** Ends all threads at once. What they were at fails with `unavailable`, and so does what waits for them. */
  async close(): Promise<void> {
    const waiting = this.#queue.splice(0);
    for (const { failed } of waiting) failed(new ZippyNetError("unavailable", "the threads were closed"));
    await Promise.all([...this.#threads].map((thread) => thread.stop()));
  }

  #feed(): void {
    while (this.#queue.length > 0) {
      const thread = this.#leastBusy() ?? this.#start();
      if (!thread) return;
      thread.take(this.#queue.shift()!);
    }
  }

  /** A thread that can take a task: an idle one; or any with room, once no more threads may start. */
  #leastBusy(): Thread<Task, Result> | undefined {
    const { size, atOnce = 1 } = this.#options;
    const room = this.#threads.size < size ? 1 : atOnce;
    return [...this.#threads].filter(({ load }) => load < room).sort((a, b) => a.load - b.load)[0];
  }

  #start(): Thread<Task, Result> | undefined {
    if (this.#threads.size >= this.#options.size) return undefined;
    const worker = this.#open({ workerData: this.#options.data, name: "zippynet" });
    const thread = new Thread<Task, Result>(worker, {
      idle: () => this.#feed(),
      unready: (error) => {
        this.#failedStart ??= error;
      },
      gone: () => {
        this.#threads.delete(thread);
        this.#feed();
      },
    });
    this.#threads.add(thread);
    return thread;
  }

  #abandon(job: Job<Task, Result>): void {
    const waiting = this.#queue.indexOf(job);
    if (waiting >= 0) this.#queue.splice(waiting, 1);
    for (const thread of this.#threads) if (thread.has(job)) void thread.stop();
  }
}

interface Events {
  readonly idle: () => void;
  readonly unready: (error: unknown) => void;
  /** It takes no more tasks. May be called twice. */
  readonly gone: () => void;
}

class Thread<Task, Result> {
  readonly #worker: Worker;
  readonly #events: Events;
  readonly #jobs = new Map<number, Job<Task, Result>>();
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(worker: Worker, events: Events) {
    this.#worker = worker;
    this.#events = events;
    worker.unref();
    worker.on("message", (message: FromThread<Result>) => this.#receive(message));
    worker.on("error", (cause) => {
      const why = `expected a thread to do this, it ended: ${messageOf(cause)}`;
      events.gone(); // before those it fails: what they ask for next would come to it
      this.#fail(new ZippyNetError("unavailable", why, { cause }));
    });
    worker.on("exit", (code) => {
      this.#fail(new ZippyNetError("unavailable", `a thread ended with code ${code}`));
      events.gone();
    });
  }

  /** Tasks under way. */
  get load(): number {
    return this.#jobs.size;
  }

  has({ id }: Job<Task, Result>): boolean {
    return this.#jobs.has(id);
  }

  take(job: Job<Task, Result>): void {
    clearTimeout(this.#timer);
    this.#jobs.set(job.id, job);
    this.#worker.ref();
    const message: ToThread<Task> = { id: job.id, task: job.task };
    try {
      this.#worker.postMessage(message);
    } catch (cause) {
      // what cannot be copied, such as memory that was handed over, fails its own task and no other
      this.#end(job.id);
      job.failed(cause);
    }
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopping = true;
    this.#events.gone(); // ending takes time, in which no task may come to it
    await this.#worker.terminate();
  }

  #receive(message: FromThread<Result>): void {
    const job = this.#jobs.get(message.id);
    if (message.kind === "progress") {
      job?.report?.(message.progress);
      return;
    }
    this.#end(message.id);
    if (message.kind === "done") job?.done(message.result);
    else {
      const error = received(message.error);
      if (!message.started) this.#events.unready(error);
      job?.failed(error);
    }
    this.#events.idle();
  }

  /** A task is over. A thread without any ends some seconds later. */
  #end(id: number): void {
    this.#jobs.delete(id);
    // a result that was under way when the thread was stopped must not let the program end before the thread has
    if (this.#jobs.size > 0 || this.#stopping) return;
    this.#worker.unref();
    this.#timer = setTimeout(() => void this.stop(), IDLE_TIME).unref();
  }

  #fail(error: unknown): void {
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    for (const { failed } of jobs) failed(error);
  }
}

function received(error: SentError): Error {
  if (error.code) return new ZippyNetError(error.code, error.message);
  return Object.assign(new Error(error.message), { name: error.name });
}
