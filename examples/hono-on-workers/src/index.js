import portraits from "@zippynet/model-portraits-4";
import gs from "@zippynet/model-portraits-4/g_s.safetensors";
import prior from "@zippynet/model-portraits-4/prior.safetensors";
import { Hono } from "hono";
import { configure, decode } from "zippynet/decode";

configure({ models: [{ ...portraits, files: { "g_s.safetensors": gs, "prior.safetensors": prior } }] });

const app = new Hono();

/** The size and the mean colour of a picture, such as a placeholder needs. */
app.get("/mean/:text", async (context) => {
  const { width, height, data } = await decode(context.req.param("text"));
  const sum = [0, 0, 0];
  for (let i = 0; i < data.length; i++) if (i % 4 < 3) sum[i % 4] += data[i];
  return context.json({ width, height, mean: sum.map((value) => Math.round(value / (width * height))) });
});

/** What a text can cause: only browsers decode the classical codecs, which are `unavailable` here. */
const OF_THE_TEXT = ["bad-file", "too-large", "unknown-model", "unavailable"];

app.onError((error, context) => {
  if (OF_THE_TEXT.includes(error.code)) return context.json({ error: error.message }, 400);
  console.error(error);
  return context.json({ error: "the picture could not be decoded" }, 500);
});

export default app;
