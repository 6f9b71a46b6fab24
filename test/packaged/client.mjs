/**
 * What Lambda's runtime interface client does, in a few lines and without its native part, which would have to be compiled for the
 * processor that is emulated. `client.mjs HANDLER`, in the folder of the function.
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [path, name] = process.argv[2].split(/\.(?=[^.]+$)/);
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
const post = (to, body) => fetch(`${api}/${to}`, { method: "POST", body: JSON.stringify(body ?? null) });
const { [name]: handler } = await import(pathToFileURL(resolve(`${path}.mjs`)).href);
for (;;) {
  const next = await fetch(`${api}/invocation/next`);
  const awsRequestId = next.headers.get("lambda-runtime-aws-request-id");
  try {
    await post(`invocation/${awsRequestId}/response`, await handler(await next.json(), { awsRequestId }));
  } catch (error) {
    await post(`invocation/${awsRequestId}/error`, { errorMessage: String(error) });
  }
}
