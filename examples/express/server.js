import express from "express";
import sharp from "sharp";
import { encode, toInline } from "zippynet";

const app = express();

/** An upload becomes a text of 160 characters, for the row that names the person. */
app.post("/people", express.raw({ type: "image/*", limit: "10mb" }), async (request, response) => {
  const file = await encode(await pixelsOf(request.body), { maxBytes: 120 });
  response.json({ photo: toInline(file) });
});

app.get("/health", (_, response) => response.send("ok"));

/** Express gives an error's `status` as the answer's. */
class BadUpload extends Error {
  status = 400;
}

/** What sharp cannot read is no picture, and the fault of whoever sent it. */
async function pixelsOf(upload) {
  if (!upload?.length)
    throw new BadUpload("expected an image as body, and its type (image/…) as content-type");
  try {
    const { data, info } = await sharp(upload, { limitInputPixels: 25_000_000 })
      .autoOrient()
      .resize(64, 64)
      .removeAlpha()
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data };
  } catch (error) {
    throw new BadUpload(`expected an image that can be read: ${error.message}`);
  }
}

/** The client is told what was wrong with its request, and nothing of what is wrong here. Four parameters mark it. */
app.use((error, _request, response, _next) => {
  const { status = 500 } = error;
  if (status >= 500) console.error(error);
  response.status(status).json({ error: status < 500 ? error.message : "the upload could not be encoded" });
});

const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
