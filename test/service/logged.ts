/** Does something whose lines of the log are kept in `lines` instead of being written, even if it throws. */
export async function logged<T>(lines: Record<string, unknown>[], action: () => Promise<T>): Promise<T> {
  const { write } = process.stdout;
  process.stdout.write = ((text: string, ...rest: unknown[]) => {
    if (typeof text === "string" && text.startsWith("{")) {
      lines.push(JSON.parse(text) as Record<string, unknown>);
      return true;
    }
    return Reflect.apply(write, process.stdout, [text, ...rest]) as boolean;
  }) as typeof write;
  try {
    return await action();
  } finally {
    process.stdout.write = write;
  }
}
