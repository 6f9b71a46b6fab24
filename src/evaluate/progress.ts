/** Milliseconds between lines where nobody watches. */
const INTERVAL = 15_000;

/** Told of work that takes hours. */
export interface Progress {
  /** `done` of `total` in a step of that name, a phrase for people. */
  step(name: string, done: number, total: number): void;
  end(): void;
}

/** On standard error: one line that changes if it is a terminal, a line now and then if not. */
export function startProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  let current = "";
  let began = 0;
  let writtenAt = Date.now();
  return {
    step(name, done, total) {
      if (name !== current) [current, began] = [name, Date.now()];
      const line = `${name}: ${done} of ${total}${timeLeft(Date.now() - began, done, total)}`;
      if (stream.isTTY) {
        stream.write(`\r\x1b[K${line.slice(0, (stream.columns ?? 80) - 1)}`);
      } else if (Date.now() - writtenAt >= INTERVAL) {
        stream.write(`${line}\n`);
        writtenAt = Date.now();
      }
    },
    end() {
      if (stream.isTTY) stream.write("\r\x1b[K");
    },
  };
}

function timeLeft(spent: number, done: number, total: number): string {
  if (done === 0 || spent < 2000) return "";
  const seconds = Math.round((spent / done) * (total - done) * 0.001);
  return seconds < 60 ? `, ${seconds} s left` : `, ${Math.round(seconds / 60)} min left`;
}
