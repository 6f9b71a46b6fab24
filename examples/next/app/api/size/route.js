import { decode } from "zippynet";
import { picture } from "../../picture.js";

/** Decodes on the server. */
export async function GET() {
  const { width, height, data } = await decode(picture);
  return Response.json({ width, height, bytes: data.length });
}

export const dynamic = "force-dynamic";
