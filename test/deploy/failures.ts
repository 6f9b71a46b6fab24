import assert from "node:assert/strict";
import { test } from "node:test";
import { DeleteRolePolicyCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { GetFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import { MessageQueue, type Received } from "../../src/service/aws/sqs.ts";
import { ENCODE } from "./deployment.ts";
import { type Ended, zippynet } from "./processes.ts";
import { deployment, face } from "./shared.ts";
import { until } from "./until.ts";

const TEXT = "failures/text + more.png";
const DENIED = "failures/denied ü.png";

interface Redriven {
  readonly messages: number;
  readonly settled: number;
  readonly failures: readonly { readonly in: string; readonly error: { readonly message: string } }[];
}

test("an upload that is no picture reaches the queue of rejected ones with its reason, and stays", async () => {
  const text = Buffer.from("no picture at all");
  await deployment.upload(TEXT, text);
  const [{ body }] = await messages(deployment.rejectedQueueUrl);
  const told = JSON.parse(body) as Record<string, unknown>;
  assert.deepEqual([told["zippynet"], told["bucket"], told["key"]], ["rejected", deployment.uploads, TEXT]);
  const reason = told["reason"] as { readonly code: string; readonly message: string };
  assert.equal(reason.code, "bad-image");
  assert.match(reason.message, /expected an image of type/);
  const upload = await deployment.store.read(deployment.uploads, TEXT);
  assert.deepEqual(Buffer.from(upload!.bytes), text);
  assert.equal(await deployment.latentsOf(TEXT), undefined);
});

test("an event that fails three times reaches the queue with its error", async () => {
  await whileWritingIsDenied(async () => {
    await deployment.upload(DENIED, face);
    const [{ body }] = await messages(deployment.queueUrl);
    const record = JSON.parse(body) as Record<string, unknown>;
    assert.ok(record["requestPayload"] !== undefined, `expected a record of Lambda's, got ${body}`);
    const { condition } = record["requestContext"] as { readonly condition: string };
    assert.equal(condition, "RetriesExhausted");
    assert.match(JSON.stringify(record["responsePayload"]), /1 of 1 uploads failed: AccessDenied/);
    const tries = deployment.ministack.output.split("\n").filter((line) => failedOn(line, DENIED));
    assert.equal(tries.length, 3);
    assert.match(tries[0]!, /AccessDenied/);
  });
  assert.equal(await deployment.latentsOf(DENIED), undefined);
});

test("redrive encodes what works now, and reports what still does not", async () => {
  const dry = await redrive(["--dry-run"], 0);
  assert.deepEqual([dry.messages, dry.settled, dry.failures.length], [1, 0, 1]);
  const first = await redrive([], 0);
  assert.deepEqual([first.messages, first.settled], [1, 1]);
  assert.equal((await deployment.latentsOf(DENIED))?.metadata["models-tried"], "auto");

  const rejected = ["--queue", deployment.rejectedQueueUrl];
  const second = await redrive(rejected, 1);
  assert.deepEqual([second.messages, second.settled], [1, 0]);
  assert.deepEqual(
    second.failures.map((failure) => failure.in),
    [`s3://${deployment.uploads}/${TEXT}`],
  );
  assert.match(second.failures[0]!.error.message, /expected an image of type/);
  const third = await redrive([...rejected, "--discard-rejected"], 0);
  assert.deepEqual([third.messages, third.settled], [1, 1]);
  for (const options of [[], rejected]) assert.deepEqual((await redrive(options, 0)).messages, 0);
});

/** The one message of a queue, which stays there. */
async function messages(url: string): Promise<[Received]> {
  const queue = new MessageQueue(url, deployment.ministack.endpoint);
  return until(`a message in ${url}`, async () => {
    const received = await queue.receive(0);
    return received.length === 1 && (received as [Received]);
  });
}

/** As when somebody breaks the policies of the encode function. */
async function whileWritingIsDenied(step: () => Promise<void>): Promise<void> {
  const { Role } = await deployment.lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: ENCODE }),
  );
  const policy = { RoleName: Role?.split("/").at(-1), PolicyName: "broken" };
  const Resource = `arn:aws:s3:::${deployment.latents}/*`;
  const PolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Deny", Action: "s3:PutObject", Resource }],
  });
  const iam = new IAMClient({ endpoint: deployment.ministack.endpoint });
  await iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument }));
  try {
    await step();
  } finally {
    await iam.send(new DeleteRolePolicyCommand(policy));
  }
}

function failedOn(line: string, key: string): boolean {
  return line.includes('"message":"upload failed"') && line.includes(`"key":${JSON.stringify(key)}`);
}

async function redrive(options: readonly string[], expected: number): Promise<Redriven> {
  const args = ["redrive", "--function", ENCODE, "--json", ...options];
  const { code, stdout, stderr }: Ended = await zippynet(args, deployment.ministack.environment).ended;
  assert.equal(code, expected, stderr);
  return JSON.parse(stdout) as Redriven;
}
