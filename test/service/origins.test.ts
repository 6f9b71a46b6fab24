import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import sharp from "sharp";
import { readSettings } from "../../src/service/settings.ts";
import { DecodeService } from "./decode-service.ts";

const SHOP = "https://shop.example";

let service: DecodeService;

before(async () => {
  service = await DecodeService.start({
    ZIPPYNET_CORS_ORIGINS: `${SHOP}, https://www.shop.example`,
    ZIPPYNET_ENLARGE: "false",
  });
  await service.add("face", "face-hat-64.png");
});

after(() => service?.stop());

test("pages of the origins in the settings may use pictures, others may not, and no cache mixes them up", async () => {
  for (const asked of [
    service.image("face", "", { headers: { origin: SHOP } }),
    service.image("none", "", { headers: { origin: SHOP } }),
    service.image("face", "", { headers: { origin: SHOP }, method: "OPTIONS" }),
    service.ask("/inline", { headers: { origin: SHOP }, method: "POST", body: '{"keys":["face"]}' }),
  ]) {
    const { headers } = await asked;
    assert.equal(headers["access-control-allow-origin"], SHOP);
    assert.equal(headers["vary"], "Accept, Origin");
  }
  for (const headers of [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: `${SHOP}.evil` },
    {},
  ]) {
    const answer = await service.image("face", "", { headers });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["access-control-allow-origin"], undefined);
    assert.equal(answer.headers["vary"], "Accept, Origin");
  }
});

test("origins are written as browsers send them", () => {
  const read = (text: string) =>
    readSettings({ ZIPPYNET_LATENTS_BUCKET: "b", ZIPPYNET_CORS_ORIGINS: text }).corsOrigins;
  assert.deepEqual(read("*"), []);
  for (const wrong of ["shop.example", `${SHOP}/`, "", "*, https://a.example"])
    assert.throws(() => read(wrong), /expected \* or origins such as https:\/\/shop\.example, got/, wrong);
});

test("where nothing is enlarged, a request for more pixels gets those that there are, in the shape asked for", async () => {
  for (const [query, size] of [
    ["?w=2048&format=webp", [64, 64]],
    ["?w=2048&h=1024", [64, 32]],
    ["?w=32", [32, 32]],
    ["?h=100&fit=inside&w=200", [64, 64]],
  ] as const) {
    const { status, body } = await service.image("face", query);
    assert.equal(status, 200, query);
    const { width, height } = await sharp(body).metadata();
    assert.deepEqual([width, height], size, query);
  }
});
