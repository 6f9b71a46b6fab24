import assert from "node:assert/strict";
import { request } from "node:http";
import { buffer } from "node:stream/consumers";
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import {
  GetFunctionConfigurationCommand,
  GetFunctionEventInvokeConfigCommand,
  InvokeCommand,
  LambdaClient,
  PublishVersionCommand,
  PutFunctionEventInvokeConfigCommand,
  UpdateAliasCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import {
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { imagePath, latentsKey } from "../../src/service/aws/keys.ts";
import { type ObjectHead, ObjectStore } from "../../src/service/aws/s3.ts";
import { ALIAS } from "../../src/service/settings.ts";
import { Ministack, PATHS_IN_OPT } from "./ministack.ts";
import { osls } from "./processes.ts";
import { until } from "./until.ts";

export const STAGE = "test";
export const STACK = `zippynet-${STAGE}`;
export const ENCODE = `${STACK}-encode`;
export const DECODE = `${STACK}-decode`;
export const BATCH = `${STACK}-batch`;

/** Lambda's name of this machine's processor: the emulator runs the functions on it. */
export const ARCHITECTURE = process.arch === "arm64" ? "arm64" : "x86_64";

const BUCKETS = { uploadsBucket: "zippynet-test-up", latentsBucket: "zippynet-test-la" };

/** The arguments of osls that name the service, to deploy it and to remove it. */
export const OPTIONS = [
  ...["--stage", STAGE, "--region", "us-east-1", "--param", `architecture=${ARCHITECTURE}`],
  ...Object.entries(BUCKETS).flatMap(([name, bucket]) => ["--param", `${name}=${bucket}`]),
];

/** An answer of the API. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** The service, deployed into the emulator, as its users and its operator meet it. */
export class Deployment {
  readonly ministack: Ministack;
  /** The outputs of the stack. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly store: ObjectStore;
  readonly lambda: LambdaClient;
  readonly s3: S3Client;

  private constructor(ministack: Ministack, outputs: Readonly<Record<string, string>>) {
    const { endpoint } = ministack;
    this.ministack = ministack;
    this.outputs = outputs;
    this.store = new ObjectStore(endpoint);
    this.lambda = new LambdaClient({ endpoint });
    this.s3 = new S3Client({ endpoint, forcePathStyle: true });
  }

  /** Starts the emulator and deploys into it; takes half a minute. */
  static async start(): Promise<Deployment> {
    const ministack = await Ministack.start();
    try {
      Object.assign(process.env, ministack.environment);
      await osls(["deploy", ...OPTIONS], ministack.environment);
      const cloudFormation = new CloudFormationClient({ endpoint: ministack.endpoint });
      const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: STACK }));
      const outputs = Stacks?.[0]?.Outputs?.map(({ OutputKey = "", OutputValue = "" }) => [
        OutputKey,
        OutputValue,
      ]);
      const deployment = new Deployment(ministack, Object.fromEntries(outputs ?? []));
      for (const name of [ENCODE, DECODE, BATCH]) await deployment.#leaveOptToTheEmulator(name);
      await deployment.#retryAsTheAlias();
      for (const Bucket of [deployment.uploads, deployment.latents]) await deployment.#allowPlainHttp(Bucket);
      return deployment;
    } catch (error) {
      await ministack.stop();
      throw error;
    }
  }

  async #leaveOptToTheEmulator(FunctionName: string): Promise<void> {
    const { Environment } = await this.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const Variables = Object.entries(Environment?.Variables ?? {}).filter(
      ([name]) => !PATHS_IN_OPT.has(name),
    );
    await this.publish(FunctionName, Object.fromEntries(Variables));
  }

  /** Publishes a version of a function with another environment, as a deployment does. Returns its number. */
  async publish(FunctionName: string, Variables: Record<string, string>): Promise<number> {
    const update = { FunctionName, Environment: { Variables } };
    await this.lambda.send(new UpdateFunctionConfigurationCommand(update));
    const { Version } = await this.lambda.send(new PublishVersionCommand({ FunctionName }));
    await this.lambda.send(new UpdateAliasCommand({ FunctionName, Name: ALIAS, FunctionVersion: Version }));
    return Number(Version);
  }

  /**
   * Lambda takes retries and destination of an event from the alias that is called. The emulator knows those of
   * `$LATEST` alone, and forgets them where the alias points to another version.
   */
  async #retryAsTheAlias(): Promise<void> {
    const { DestinationConfig, MaximumRetryAttempts } = await this.lambda.send(
      new GetFunctionEventInvokeConfigCommand({ FunctionName: ENCODE, Qualifier: ALIAS }),
    );
    const config = { FunctionName: ENCODE, DestinationConfig, MaximumRetryAttempts };
    await this.lambda.send(new PutFunctionEventInvokeConfigCommand(config));
    const latest = { FunctionName: ENCODE, Name: ALIAS, FunctionVersion: "$LATEST" };
    await this.lambda.send(new UpdateAliasCommand(latest));
  }

  /** The buckets' policies refuse it, the emulator speaks it. */
  async #allowPlainHttp(Bucket: string): Promise<void> {
    const { Policy } = await this.s3.send(new GetBucketPolicyCommand({ Bucket }));
    assert.match(Policy ?? "", /"aws:SecureTransport": ?"?false/i);
    await this.s3.send(new DeleteBucketPolicyCommand({ Bucket }));
  }

  get uploads(): string {
    return this.outputs["UploadsBucketName"] ?? "";
  }

  get latents(): string {
    return this.outputs["LatentsBucketName"] ?? "";
  }

  get queueUrl(): string {
    return this.outputs["FailuresQueueUrl"] ?? "";
  }

  get rejectedQueueUrl(): string {
    return this.outputs["RejectedQueueUrl"] ?? "";
  }

  async upload(key: string, body: Uint8Array, metadata: Record<string, string> = {}): Promise<void> {
    await this.s3.send(
      new PutObjectCommand({ Bucket: this.uploads, Key: key, Body: body, Metadata: metadata }),
    );
  }

  async remove(key: string): Promise<void> {
    await this.s3.send(new DeleteObjectCommand({ Bucket: this.uploads, Key: key }));
  }

  /** What is known of the latents of an upload; undefined if there are none. */
  latentsOf(key: string): Promise<ObjectHead | undefined> {
    return this.store.head(this.latents, latentsKey(key));
  }

  /** Uploads and waits for the latents of these very bytes. */
  async uploaded(key: string, body: Uint8Array, metadata?: Record<string, string>): Promise<ObjectHead> {
    await this.upload(key, body, metadata);
    const source = await this.store.head(this.uploads, key);
    return until(`latents of ${key}`, async () => {
      const latents = await this.latentsOf(key);
      return latents?.metadata["source-etag"] === source?.etag.replaceAll('"', "") && latents;
    });
  }

  /** Runs the encode function with an event and waits for it. */
  async encode(event: unknown): Promise<void> {
    const command = new InvokeCommand({
      FunctionName: ENCODE,
      Qualifier: ALIAS,
      Payload: JSON.stringify(event),
    });
    const { FunctionError, Payload } = await this.lambda.send(command);
    assert.equal(FunctionError, undefined, Buffer.from(Payload ?? []).toString());
  }

  /** Asks the API. Its host has a name that only the emulator knows, so that goes into the header `Host`. */
  get(key: string, query = "", method = "GET"): Promise<Answer> {
    const { host } = new URL(this.outputs["ApiUrl"] ?? "");
    const { hostname, port } = new URL(this.ministack.endpoint);
    return new Promise((resolve, reject) => {
      const options = { hostname, port, method, path: imagePath(key) + query, headers: { host } };
      const sent = request(options, (response) => {
        const { statusCode: status = 0, headers } = response;
        buffer(response).then((body) => resolve({ status, headers, body }), reject);
      });
      sent.on("error", reject).end();
    });
  }

  async stop(): Promise<void> {
    await this.ministack.stop();
  }
}
