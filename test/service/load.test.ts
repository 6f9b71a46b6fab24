import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../src/codec/rdo/sga.ts";
import { median } from "../../src/evaluate/bench/rows.ts";
import { Local } from "./local.ts";
import { memoryOf } from "./memory-of.ts";

/** Seconds of load; `npm run test:load` takes a minute. */
const SECONDS = Number(process.env["ZIPPYNET_LOAD_SECONDS"] ?? 10);
const CLIENTS = 50;
/**
 * Seconds after which a change has to be seen: fifty uploads wait for one process, on a machine that may do other work.
 */
const BOUND = 60;
/**
 * Milliseconds between two looks, at most. Fifty who look all the time leave the one process none for the uploads they
 * wait for.
 */
const LONGEST_WAIT = 2000;
/**
 * Bytes by which the service may grow from the middle third of the time to the last, medians of both. It finds tensors
 * that are kept, megabytes a request; kept pixels (12 kB) only after some thousands of requests. V8 and the kernels
 * move within tens of MB.
 */
const GROWTH = 96e6;

const FORMATS = ["zn", "webp"] as const;

/** A picture to upload, and the bytes that it has to come back as. */
interface Sample {
  readonly body: Uint8Array;
  readonly expected: Readonly<Record<(typeof FORMATS)[number], Buffer>>;
}

let local: Local;
const samples: Sample[] = [];

before(async () => {
  local = await Local.start();
  for (const name of ["face-hat-64.png", "face-paint-64.png", "face-pearls-64.png"]) {
    const body = await readFile(new URL(`../images/${name}`, import.meta.url));
    assert.equal((await local.upload(name, body)).outcome, "encoded");
    const read = async (format: string): Promise<Buffer> =>
      Buffer.from(await (await fetch(local.pictureUrl(name, `?format=${format}`))).arrayBuffer());
    samples.push({ body, expected: { zn: await read("zn"), webp: await read("webp") } });
  }
  assert.equal(new Set(samples.map(({ expected }) => expected.webp.toString("hex"))).size, samples.length);
});

after(() => local?.clean());

/**
 * One client and its key: it changes what is there, waits until the change is seen, and then never may see anything
 * else.
 */
class Client {
  requests = 0;
  changes = 0;
  /** Milliseconds from a change until it was seen, at most. */
  slowest = 0;
  readonly #key: string;
  readonly #random: () => number;
  #now: Sample | undefined;

  constructor(number: number) {
    this.#key = `load/${number} (ü+%).png`;
    this.#random = seededRandom(number + 1);
  }

  async run(end: number): Promise<void> {
    while (Date.now() < end) {
      const dice = this.#random();
      if (dice < 0.2) await this.#change(samples[Math.floor(this.#random() * samples.length)]!);
      else if (dice < 0.27) await this.#change(undefined);
      else
        assert.ok(
          await this.#seesOnly(this.#now),
          `${this.#key}: a picture was lost, or an old one came back`,
        );
    }
    assert.ok(await this.#seesOnly(this.#now), `${this.#key}: not what was written last`);
  }

  async #change(next: Sample | undefined): Promise<void> {
    const url = local.objectUrl(local.service.uploadsBucket, this.#key);
    await this.#ask(url, next ? { method: "PUT", body: Buffer.from(next.body) } : { method: "DELETE" });
    this.#now = next;
    this.changes++;
    const began = Date.now();
    for (let wait = 50; !(await this.#seesOnly(next)); wait = Math.min(wait * 1.5, LONGEST_WAIT)) {
      assert.ok(Date.now() - began < BOUND * 1000, `${this.#key}: not seen within ${BOUND} s`);
      await sleep(wait);
    }
    this.slowest = Math.max(this.slowest, Date.now() - began);
  }

  async #seesOnly(sample: Sample | undefined): Promise<boolean> {
    const format = FORMATS[this.#random() < 0.5 ? 0 : 1]!;
    const { status, body } = await this.#ask(local.pictureUrl(this.#key, `?format=${format}`));
    if (status === 404) return sample === undefined;
    assert.equal(status, 200);
    return sample?.expected[format].equals(body) ?? false;
  }

  async #ask(url: string, init?: RequestInit): Promise<{ status: number; body: Buffer }> {
    this.requests++;
    const answer = await fetch(url, init);
    const body = Buffer.from(await answer.arrayBuffer());
    assert.ok(answer.status < 500, `${init?.method ?? "GET"} ${url}: ${answer.status} ${body.toString()}`);
    return { status: answer.status, body };
  }
}

test(`${CLIENTS} clients for ${SECONDS} s: no 5xx, no lost or stale picture, memory flat`, async (t) => {
  const clients = Array.from({ length: CLIENTS }, (_, number) => new Client(number));
  const began = Date.now();
  const end = began + SECONDS * 1000;
  const sizes: number[] = [];
  const watching = (async () => {
    while (Date.now() < end) {
      const bytes = await memoryOf(local.processId);
      if (bytes !== undefined) sizes.push(bytes);
      await sleep(SECONDS * 10);
    }
  })();
  await Promise.all(clients.map((client) => client.run(end)));
  await watching;
  const sum = (of: (client: Client) => number): number => clients.reduce((all, each) => all + of(each), 0);
  const [requests, changes] = [sum((each) => each.requests), sum((each) => each.changes)];
  const slowest = Math.max(...clients.map((each) => each.slowest));
  const third = Math.floor(sizes.length / 3);
  const growth = median(sizes.slice(2 * third)) - median(sizes.slice(third, 2 * third));
  t.diagnostic(
    `${requests} requests, ${changes} of them changes, the slowest seen after ${slowest} ms; ` +
      `memory ${mega(median(sizes.slice(third, 2 * third)))} MB, growth ${mega(growth)} MB`,
  );
  assert.ok(changes >= 10, `expected at least ten changes, got ${changes} changes`);
  assert.doesNotMatch(local.output, /giving up/);
  if (sizes.length > 0)
    assert.ok(growth <= GROWTH, `expected growth of at most ${GROWTH} bytes, got ${growth}`);
});

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
