import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleFunctions } from "../../layers/bundle.ts";
import { modelsFolder } from "../model/folder.ts";
import { Invoker, keepConnections } from "./invoker.ts";
import { isFor, type S3Trigger, toS3Event } from "./notification.ts";
import type { LocalService } from "./run.ts";
import { LocalS3, type ObjectChange } from "./s3/server.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The part of osls that the plugin uses: the resolved serverless.yml. */
interface Osls {
  readonly service: {
    readonly provider: {
      readonly region: string;
      readonly s3?: Readonly<Record<string, { readonly name: string }>>;
      readonly environment: Record<string, string>;
    };
    readonly custom: { readonly buckets: { readonly uploads: string; readonly latents: string } };
    readonly functions: Readonly<
      Record<
        string,
        {
          readonly name: string;
          readonly events?: readonly S3Event[];
          readonly environment?: Record<string, unknown>;
        }
      >
    >;
  };
}

interface S3Event {
  readonly s3?:
    | string
    | { readonly bucket: string; readonly event?: string; readonly rules?: S3Trigger["rules"] };
}

interface OfflineOptions {
  readonly host?: string;
  readonly httpPort?: number;
  readonly lambdaPort?: number;
}

const TEST_EVENT = { Service: "Amazon S3", Event: "s3:TestEvent" };

/**
 * Adds to `osls offline` what it lacks: the bundled functions, S3 on this machine with the two buckets, and the `s3`
 * events of serverless.yml, which call the functions of serverless-offline. When everything runs, the parent process
 * gets a message.
 */
export default class LocalPlugin {
  readonly hooks: Readonly<Record<string, () => Promise<void>>>;
  readonly #osls: Osls;
  readonly #options: OfflineOptions;
  readonly #invoker: Invoker;
  #s3: LocalS3 | undefined;

  constructor(osls: Osls, options: OfflineOptions) {
    this.#osls = osls;
    this.#options = options;
    this.#invoker = new Invoker(`http://${options.host ?? "localhost"}:${options.lambdaPort ?? 3002}`);
    this.hooks = {
      "before:offline:start:init": () => this.#start(),
      "after:offline:start:init": () => this.#ready(),
      "before:offline:start:end": async () => this.#s3?.stop(),
    };
  }

  async #start(): Promise<void> {
    process.on("disconnect", () => process.kill(process.pid, "SIGTERM")); // the parent process has ended
    keepConnections();
    await bundleFunctions({ clean: false });
    const { provider, custom } = this.#osls.service;
    const folder = join(process.env["ZIPPYNET_LOCAL"] ?? join(ROOT, ".zippynet"), "s3");
    await mkdir(folder, { recursive: true });
    const triggers = this.#triggers();
    let sequence = BigInt(Date.now()) << 20n;
    const onChange = (change: ObjectChange): void => {
      sequence++;
      for (const trigger of triggers.filter((each) => isFor(each, change))) {
        this.#invoker.invoke(trigger.functionName, toS3Event(change, provider.region, sequence));
      }
    };
    const port = Number(process.env["ZIPPYNET_S3_PORT"] ?? 4569);
    const buckets = Object.values(custom.buckets);
    this.#s3 = await LocalS3.start({ folder, buckets, port, onChange });

    // serverless-offline passes the AWS_ variables of this process to the functions.
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_S3: this.#s3.endpoint,
      AWS_ACCESS_KEY_ID: "zippynet",
      AWS_SECRET_ACCESS_KEY: "zippynet",
    });
    delete process.env["AWS_SESSION_TOKEN"];
    delete process.env["AWS_PROFILE"];
    // there is no /opt on this machine
    Object.assign(provider.environment, { ZIPPYNET_MODELS: modelsFolder(), ZIPPYNET_SHARP: ROOT });
    // and there is no queue
    for (const { environment } of Object.values(this.#osls.service.functions)) {
      delete environment?.["ZIPPYNET_FAILURES_QUEUE_URL"];
      delete environment?.["ZIPPYNET_REJECTED_QUEUE_URL"];
    }
  }

  async #ready(): Promise<void> {
    const { provider, custom } = this.#osls.service;
    // S3 also sends this test event when a trigger is set up. Here it makes the function load its model before the
    // first upload.
    const names = new Set(this.#triggers().map(({ functionName }) => functionName));
    await Promise.all([...names].map((name) => this.#invoker.call(name, TEST_EVENT)));
    const message: LocalService = {
      s3: {
        endpoint: this.#s3!.endpoint,
        region: provider.region,
        accessKeyId: "zippynet",
        secretAccessKey: "zippynet",
      },
      uploadsBucket: custom.buckets.uploads,
      latentsBucket: custom.buckets.latents,
      apiUrl: `http://${this.#options.host ?? "localhost"}:${this.#options.httpPort ?? 3000}`,
    };
    process.send?.(message);
  }

  #triggers(): S3Trigger[] {
    const { functions, provider } = this.#osls.service;
    return Object.values(functions).flatMap(({ name, events = [] }) =>
      events.flatMap(({ s3 }): S3Trigger[] => {
        if (s3 === undefined) return [];
        const { bucket, event, rules } =
          typeof s3 === "string" ? { bucket: s3, event: undefined, rules: undefined } : s3;
        return [
          {
            functionName: name,
            bucket: provider.s3?.[bucket]?.name ?? bucket,
            event: event ?? "s3:ObjectCreated:*",
            rules: rules ?? [],
          },
        ];
      }),
    );
  }
}
