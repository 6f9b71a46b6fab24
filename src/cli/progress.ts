import cliProgress from "cli-progress";

/** A bar appears only if work lasts longer than this, in milliseconds. */
const PATIENCE = 1000;

export interface Progress {
  advance(count: number): void;
  stop(): void;
}

/** A progress bar on standard error, if that is a terminal and the work lasts. */
export function startProgress(total: number, unit: string): Progress {
  if (!process.stderr.isTTY) return { advance: () => undefined, stop: () => undefined };
  const began = Date.now();
  let done = 0;
  let bar: cliProgress.SingleBar | undefined;
  return {
    advance(count) {
      done += count;
      if (!bar && done < total && Date.now() - began > PATIENCE) {
        bar = new cliProgress.SingleBar(
          {
            format: `{bar} {percentage} %  {value} of {total} ${unit}  {eta_formatted} left`,
            stream: process.stderr,
            hideCursor: true,
            clearOnComplete: true,
          },
          cliProgress.Presets.shades_classic,
        );
        bar.start(total, done);
      }
      bar?.update(done);
    },
    stop() {
      bar?.stop();
    },
  };
}
