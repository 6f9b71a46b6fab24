import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { OwnFile, OwnTask } from "./own-files.ts";

interface Job {
  readonly task: OwnTask;
  readonly resolve: (files: OwnFile[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Encodes with ZippyNet on all cores, for TensorFlow.js takes one; threads start when there is work for them. */
export class Threads {
  readonly #most = availableParallelism();
  readonly #queue: Job[] = [];
  #idle: Worker[] = [];
  readonly #all = new Map<Worker, Job | undefined>();

  /** Files of a task, once a thread has come to it. Rejects with what went wrong there. */
  encode(task: OwnTask): Promise<OwnFile[]> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ task, resolve, reject });
      if (this.#idle.length === 0 && this.#all.size < this.#most) this.#idle.push(this.#start());
      this.#feed();
    });
  }

  /** Ends all threads, so that the process can end. */
  async close(): Promise<void> {
    const threads = [...this.#all.keys()];
    this.#all.clear();
    await Promise.all(threads.map((thread) => thread.terminate()));
  }

  #start(): Worker {
    const thread = new Worker(new URL("./own-thread.ts", import.meta.url));
    thread.on("message", (files: OwnFile[]) => {
      this.#all.get(thread)?.resolve(files);
      this.#all.set(thread, undefined);
      this.#idle.push(thread);
      this.#feed();
    });
    thread.on("error", (error) => this.#fail(thread, error));
    thread.on("exit", (code) => this.#fail(thread, new Error(`a thread ended with code ${code}`)));
    this.#all.set(thread, undefined);
    return thread;
  }

  #feed(): void {
    while (this.#idle.length > 0 && this.#queue.length > 0) {
      const thread = this.#idle.shift()!;
      const job = this.#queue.shift()!;
      this.#all.set(thread, job);
      thread.postMessage(job.task);
    }
  }

  /** What breaks one thread would break the next: nothing is tried again. */
  #fail(thread: Worker, error: unknown): void {
    if (!this.#all.has(thread)) return;
    this.#all.get(thread)?.reject(error);
    this.#all.delete(thread);
    this.#idle = this.#idle.filter((other) => other !== thread);
    for (const { reject } of this.#queue.splice(0)) reject(error);
  }
}
