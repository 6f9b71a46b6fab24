import assert from "node:assert/strict";
import { test } from "node:test";
import { Newest } from "../../src/web/page/latest.ts";

test("the newest counts, also if it comes first; what is late is dropped, errors too", async () => {
  const newest = new Newest();
  const late: string[] = [];
  const [slow, broken, quick] = [
    Promise.withResolvers<string>(),
    Promise.withResolvers<string>(),
    Promise.withResolvers<string>(),
  ];
  const found = [slow, broken, quick].map(({ promise }) => newest.of(promise, (value) => late.push(value)));
  quick.resolve("quick");
  assert.equal(await found[2], "quick");
  slow.resolve("slow");
  broken.reject(new Error("broken"));
  assert.deepEqual(await Promise.all(found), [undefined, undefined, "quick"]);
  assert.deepEqual(late, ["slow"]);
  await assert.rejects(newest.of(Promise.reject(new Error("the newest"))), /the newest/);
});
