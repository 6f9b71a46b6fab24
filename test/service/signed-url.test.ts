import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import { imagePath } from "../../src/service/aws/keys.ts";
import { Problem } from "../../src/service/decode/answer.ts";
import { checkSignedUrl, signUrl } from "../../src/service/decode/signed-url.ts";
import { readSecrets, readSettings } from "../../src/service/settings.ts";
import { assertProblem, DecodeService } from "./decode-service.ts";

const SECRET = "a secret of more than 32 letters".replaceAll(" ", "-");
const OLD = "the-secret-that-was-there-before-it";
const KEY = "a/b c+d %25 ü (1).png";
const CLI = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

let service: DecodeService;
let folder: string;

before(async () => {
  service = await DecodeService.start({ ZIPPYNET_SIGNING_SECRET: `${SECRET}\n${OLD}\n` });
  await service.add(KEY, "face-hat-64.png");
  folder = await mkdtemp(join(tmpdir(), "zippynet-sign-"));
});

after(async () => {
  await service.stop();
  await rm(folder, { recursive: true });
});

/** Path and query of a URL signed for some seconds. */
function signed(key: string, query = "", seconds = 60, secret = SECRET): string {
  const url = signUrl(`https://api${imagePath(key)}${query}`, secret, new Date(Date.now() + seconds * 1000));
  return url.slice("https://api".length);
}

test("a signed URL gives the picture, to nobody else and not beyond its time", async () => {
  for (const query of ["", "?w=20&h=10&fit=inside&format=webp", "?info", "?format=zn"]) {
    for (const secret of [SECRET, OLD]) {
      const answer = await service.ask(signed(KEY, query, 60, secret));
      assert.equal(answer.status, 200, answer.body.toString());
      const [, seconds] = /^private, max-age=(\d+)$/.exec(answer.headers["cache-control"]!)!;
      assert.ok(Number(seconds) >= 50 && Number(seconds) < 60, seconds);
    }
  }
  const year = await service.ask(signed(KEY, "", 365 * 86_400));
  assert.equal(year.headers["cache-control"], "private, max-age=604800");
  const headers = { "if-none-match": year.headers["etag"]! };
  const same = await service.ask(signed(KEY), { headers });
  assert.equal(same.status, 304);
  assert.match(same.headers["cache-control"]!, /^private/);
});

test("a URL works in any spelling of the same path and query", async () => {
  const url = signed(KEY, "?w=20&h=10");
  const { pathname, searchParams } = new URL(url, "http://api");
  const turned = new URLSearchParams([...searchParams].reverse());
  const spelled = decodeURIComponent(pathname).replaceAll("%", "%25").replaceAll("+", "%2B");
  assert.equal((await service.ask(`${spelled}?${turned}`)).status, 200);
});

test("an expiry that is no time is a 403, though its signature fits", () => {
  const secret = SECRET;
  for (const expires of ["abc", "", "1e9", "-1", "9".repeat(16), "Infinity"]) {
    const path = "/images/a";
    const text = ["zippynet-url-1", path, new URLSearchParams({ expires }).toString(), ""].join("\n");
    const signature = createHmac("sha256", secret).update(text).digest("base64url");
    const query = new URLSearchParams({ expires, signature });
    assert.throws(
      () => checkSignedUrl(path, query, [secret], 1e12),
      (error) => error instanceof Problem && error.status === 403 && /seconds since 1970/.test(error.message),
      expires,
    );
  }
});

test("what is wrong is said: missing, altered, expired; and of nothing else", async () => {
  const url = signed(KEY, "?w=20");
  assertProblem(await service.image(KEY), 403, /got one without "expires"/);
  assertProblem(await service.image(KEY, "?expires=9999999999"), 403, /got one without "signature"/);
  for (const altered of [
    url.replace("w=20", "w=21"),
    url.replace("w=20&", ""),
    `${url}&h=10`,
    url.replace("/a/", "/a2/"),
    url.replace(/expires=\d/, "expires=9"),
    url.replace(/signature=.{3}/, "signature=AAA"),
    url.replace(/signature=.*/, "signature="),
    url.replace("expires=", "expires=9999999999&expires="),
    signed(KEY, "?w=20", 60, "another-secret-of-more-than-32-letters"),
  ]) {
    assertProblem(await service.ask(altered), 403, /expected the signature of this path and query/);
  }
  assertProblem(await service.ask(signed(KEY, "", -1)), 403, /expired at \d{4}-\d\d-\d\dT/);
  // who may not ask does not learn what is there
  assertProblem(await service.image("nowhere"), 403, /without "expires"/);
  const missing = await service.ask(signed("nowhere"));
  assertProblem(missing, 404, /there is no picture/);
  assert.equal(missing.headers["cache-control"], "no-store");
  const refused = await service.image(KEY, "", { headers: { "if-none-match": "*" } });
  assert.deepEqual([refused.status, refused.headers["cache-control"]], [403, "no-store"]);
  assert.ok(!JSON.stringify(service.line).includes(SECRET));
});

test("a URL is not signed until a time that is none, or with a secret that is none", () => {
  const wrong = [
    [SECRET, new Date("soon"), /expires, got an invalid date/],
    [SECRET, Date.now(), /expires, got \d+/],
    ["", new Date(), /a secret of at least 32 characters, got one of 0/],
    ["swordfish", new Date(), /got one of 9$/],
    [undefined, new Date(), /got undefined$/],
  ] as const;
  for (const [secret, expires, message] of wrong)
    assert.throws(() => signUrl("https://api/images/a", secret as string, expires as Date), {
      code: "bad-option",
      message,
    });
});

test("what is no URL is not signed, whatever its type", () => {
  const inAMinute = new Date(Date.now() + 60_000);
  for (const url of ["", "images/a", "ftp://api/a", Symbol("a"), {}, null, 5, new Map()])
    assert.throws(() => signUrl(url as string, SECRET, inAMinute), {
      code: "bad-option",
      message: /^expected a URL of http or https, got ./,
    });
});

test("no other path or query has a URL's signature", () => {
  const expires = new Date(2e12);
  const part = fc.constantFrom("a", "/", "%", "=", "&", "?", "\n", "+", " ", "ü", "w", "1", "expires");
  const text = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(""));
  const request = fc.tuple(text, fc.array(fc.tuple(text, text), { maxLength: 3 }));
  const sign = ([key, query]: [string, [string, string][]]): URL =>
    new URL(signUrl(`https://api${imagePath(`k${key}`)}?${new URLSearchParams(query)}`, SECRET, expires));
  const allowed = ([, query]: [string, [string, string][]]): boolean =>
    query.every(([name]) => name !== "expires");
  fc.assert(
    fc.property(request.filter(allowed), request.filter(allowed), (one, other) => {
      const [a, b] = [sign(one), sign(other)];
      const check = (path: string, query: URLSearchParams) => checkSignedUrl(path, query, [SECRET], 1e12);
      assert.equal(check(decodeURIComponent(a.pathname), a.searchParams), 1e9);
      const sorted = ([key, query]: typeof one) => {
        const parameters = new URLSearchParams(query);
        parameters.sort();
        return JSON.stringify([key, String(parameters)]);
      };
      b.searchParams.set("signature", a.searchParams.get("signature")!);
      if (sorted(one) === sorted(other)) check(decodeURIComponent(b.pathname), b.searchParams);
      else assert.throws(() => check(decodeURIComponent(b.pathname), b.searchParams), /altered/);
    }),
    { numRuns: 1000 },
  );
});

test("secrets are long, and not repeated in what is said of them", () => {
  assert.deepEqual(readSecrets(` ${SECRET}\n${OLD}\n`), [SECRET, OLD]);
  assert.deepEqual(readSecrets("\n"), []);
  const settings = (secret: string) =>
    readSettings({ ZIPPYNET_LATENTS_BUCKET: "b", ZIPPYNET_SIGNING_SECRET: secret });
  assert.deepEqual(settings("").signingSecrets, []);
  assert.throws(
    () => settings(`${SECRET} swordfish`),
    (error: Error) =>
      /ZIPPYNET_SIGNING_SECRET: expected secrets of at least 32 characters.*got one of 9/.test(
        error.message,
      ) && !error.message.includes("swordfish"),
  );
  assert.throws(() => signUrl("ftp://a/b", SECRET, new Date()), { code: "bad-option" });
  assert.throws(() => signUrl("/images/a", SECRET, new Date()), { code: "bad-option" });
  const once = signUrl("https://a/images/b", SECRET, new Date());
  assert.throws(() => signUrl(once, SECRET, new Date()), /a URL that is not signed/);
});

test("zippynet sign-url", async () => {
  const file = join(folder, "secret.txt");
  await writeFile(file, `${SECRET}\n`);
  const run = (...args: string[]) => promisify(execFile)(process.execPath, [CLI, "sign-url", ...args]);
  const urls = [`https://api${imagePath(KEY)}?w=16`, `https://api${imagePath(KEY)}`];
  const { stdout } = await run(...urls, "--secret-file", file, "--expires", "5m");
  const lines = stdout.trim().split("\n");
  assert.equal(lines.length, 2);
  for (const line of lines) {
    const answer = await service.ask(line);
    assert.equal(answer.status, 200);
    const [, seconds] = /max-age=(\d+)/.exec(answer.headers["cache-control"]!)!;
    assert.ok(Number(seconds) > 240 && Number(seconds) <= 300);
  }
  await assert.rejects(run(urls[0]!, "--secret-file", file, "--expires", "1w"), {
    code: 2,
    stderr: /1s–365d/,
  });
  await writeFile(file, "short");
  await assert.rejects(run(urls[0]!, "--secret-file", file), { code: 1, stderr: /at least 32 characters/ });
  await writeFile(file, "");
  await assert.rejects(run(urls[0]!, "--secret-file", file), { code: 2, stderr: /an empty file/ });
});
