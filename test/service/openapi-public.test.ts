import { test } from "node:test";
import { DecodeService } from "./decode-service.ts";
import { assertDescribed, type Document } from "./openapi-check.ts";

test("of a public service, too, every answer is described, and all that is described of /inline happens", async (t) => {
  const service = await DecodeService.start({ ZIPPYNET_SIGNING_SECRET: "" });
  t.after(() => service.stop());
  await service.add("face", "face-hat-64.png");
  await service.put("latents", "broken.zn", Buffer.from([0x81]));
  const document = JSON.parse((await service.ask("/openapi.json")).body.toString()) as Document;
  const { "/inline": inline } = document.paths;
  const post = { path: "/inline", url: "/inline", method: "POST" };
  await assertDescribed(service, { ...document, paths: { "/inline": inline! } }, [
    { ...post, body: JSON.stringify({ keys: ["face", "nowhere", "broken"] }) },
    { ...post, body: "{}" },
    { ...post, method: "OPTIONS" },
  ]);
});
