import { setTimeout as sleep } from "node:timers/promises";

/** Asks again and again until the answer is neither false nor undefined, and gives it. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | false | undefined>,
  seconds = 120,
): Promise<T> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(100)) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
  }
  throw new Error(`expected within ${seconds} s: ${what}`);
}
