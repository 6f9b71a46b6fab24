import { readdir, readFile } from "node:fs/promises";

/** Bytes in memory of a process and all that descend from it; undefined where the system has no `/proc`. */
export async function memoryOf(root: number): Promise<number | undefined> {
  const names = await readdir("/proc").catch(() => undefined);
  if (names === undefined) return undefined;
  const parents = new Map<number, number>();
  const sizes = new Map<number, number>();
  for (const name of names.filter((each) => /^\d+$/.test(each))) {
    const status = await readFile(`/proc/${name}/status`, "utf8").catch(() => ""); // it may end meanwhile
    const field = (key: string): number => Number(new RegExp(`^${key}:\\s*(\\d+)`, "m").exec(status)?.[1]);
    parents.set(Number(name), field("PPid"));
    sizes.set(Number(name), (field("VmRSS") || 0) * 1024);
  }
  const isOurs = (id: number | undefined): boolean =>
    id !== undefined && (id === root || isOurs(parents.get(id)));
  return [...sizes].reduce((sum, [id, bytes]) => sum + (isOurs(id) ? bytes : 0), 0);
}
