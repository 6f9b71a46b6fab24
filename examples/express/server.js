import express from "express";
import sharp from "sharp";
import { encode, toInline } from "zippynet";

const app = express();

/** An upload becomes a text of 160 characters, for the row that names the person. */
app.post("/people", express.raw({ type: "image/*", limit: "10mb" }), async (request, response) => {
  const { data, info } = await sharp(request.body)
    .autoOrient()
    .resize(64, 64)
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const file = await encode({ width: info.width, height: info.height, data }, { maxBytes: 120 });
  response.json({ photo: toInline(file) });
});

app.get("/health", (_, response) => response.send("ok"));

const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
