/** A line of JSON for the log: what happened, and to what. Errors become their name, code, message and causes. */
export function log(level: "info" | "warn" | "error", message: string, fields: Fields = {}): void {
  const line = JSON.stringify({ level, time: new Date().toISOString(), message, ...fields }, (_, value) =>
    value instanceof Error ? describe(value) : (value as unknown),
  );
  process.stdout.write(`${line}\n`);
}

export type Fields = Readonly<Record<string, unknown>>;

function describe(error: Error): Fields {
  const { name, message, cause, stack } = error;
  const code = "code" in error ? error.code : undefined;
  return code === undefined ? { name, message, cause, stack } : { name, code, message, cause };
}
