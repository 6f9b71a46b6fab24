import cliProgress from "cli-progress";

/** A bar appears only if work lasts longer than this, in milliseconds. */
const BAR_DELAY = 1000;

export interface Progress {
  /** So many more are done. `note` is shown at the end of the bar. */
  advance(count: number, note?: string): void;
  /** There are so many more to do than was known. */
  grow(count: number): void;
  /** Writes a line above the bar, on standard error whether or not there is one. */
  say(line: string): void;
  stop(): void;
}

/** A progress bar on standard error, if that is a terminal and the work takes a while: amount, speed, time left. */
export function startProgress(total: number, unit: string): Progress {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  if (!process.stderr.isTTY) {
    return { advance: () => undefined, grow: () => undefined, say, stop: () => undefined };
  }
  const began = Date.now();
  let [done, all, text] = [0, total, ""];
  let bar: cliProgress.SingleBar | undefined;
  const show = (): void => {
    const seconds = (Date.now() - began) / 1000;
    if (!bar && done < all && seconds * 1000 > BAR_DELAY) {
      bar = new cliProgress.SingleBar(
        {
          format: `{bar} {percentage} %  {value} of {total} ${unit}, {rate}/s  {left}{note}`,
          stream: process.stderr,
          hideCursor: true,
          clearOnComplete: true,
        },
        cliProgress.Presets.shades_classic,
      );
      bar.start(all, done, { rate: "", left: "", note: "" });
    }
    bar?.setTotal(all);
    const left = done > 0 ? `${spanText(((all - done) * seconds) / done)} left` : "";
    bar?.update(done, { rate: (done / seconds).toPrecision(3), left, note: text });
  };
  return {
    advance(count, note = "") {
      done += count;
      text = note === "" ? "" : `  ${note}`;
      show();
    },
    grow(count) {
      all += count;
      if (bar) show();
    },
    say(line) {
      process.stderr.write(`${bar ? "\r\u001b[K" : ""}${line}\n`);
    },
    stop() {
      bar?.stop();
    },
  };
}

/**
 * A span of seconds for people, in two units at most: `40s`, `3m 05s`, `2h 10m`, `3d 04h`; nothing if it is not
 * known.
 */
export function spanText(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  const two = (n: number): string => String(Math.floor(n)).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h ${two((whole % 3600) / 60)}m`;
  return `${Math.floor(whole / 86_400)}d ${two((whole % 86_400) / 3600)}h`;
}
