/** What ZippyNet's decode function is measured beside: the least that serves a picture out of a bucket with sharp. */
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import sharp from "sharp";

const client = new S3Client({ endpoint: process.env["AWS_ENDPOINT_URL_S3"]!, forcePathStyle: true });

/** The AVIF of a key, as PNG. */
export async function handler(event: {
  readonly pathParameters: { readonly key: string };
}): Promise<unknown> {
  const command = new GetObjectCommand({ Bucket: "latents", Key: event.pathParameters.key });
  const { Body } = await client.send(command);
  const png = await sharp(await Body!.transformToByteArray())
    .png({ compressionLevel: 9 })
    .toBuffer();
  return { statusCode: 200, body: png.toString("base64"), isBase64Encoded: true };
}
