import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";
import PackagingPlugin, { type Osls } from "../../layers/plugin.ts";
import { readS3Event } from "../../src/service/encode/s3-event.ts";
import { ALIAS, DEPLOYMENT, readSettings } from "../../src/service/settings.ts";
import { type Resolved, resolve } from "./resolved.ts";

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

const BUCKETS = { uploads: "my-uploads", latents: "my-latents" } as const;

let service: Resolved;
let resources: Resolved["resources"]["Resources"];

before(async () => {
  service = await resolve("uploadsBucket=my-uploads", "latentsBucket=my-latents");
  resources = service.resources.Resources;
});

/**
 * What a role allows, as `action resource`: of S3 `action bucket` or `action bucket/*`, of the template's own `action
 * Name.Arn`.
 */
function allowed(role: string): Set<string> {
  const { Policies } = resources[role]!.Properties as {
    Policies: { PolicyDocument: { Statement: Statement[] } }[];
  };
  const statements = Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
  return new Set(
    statements.flatMap(({ Effect, Action, Resource }) => {
      assert.equal(Effect, "Allow");
      return [Action].flat().flatMap((action) => {
        assert.doesNotMatch(action, /\*/, role);
        return [Resource].flat().map((resource) => `${action} ${resourceText(resource)}`);
      });
    }),
  );
}

function resourceText(resource: unknown): string {
  if (typeof resource === "string") return resource;
  const made = resource as { "Fn::GetAtt"?: [string, string]; "Fn::Sub"?: string };
  const arn = made["Fn::Sub"]?.replace(/^arn:\$\{AWS::Partition\}:(s3:::|.*(?=function:))/, "");
  return made["Fn::GetAtt"]?.join(".") ?? arn!;
}

/** To write its log. */
function logging(group: string): string[] {
  return ["logs:CreateLogStream", "logs:PutLogEvents"].map((action) => `${action} ${group}.Arn`);
}

test("the uploads' trigger sends all that the handler reads: creations, deletions, lifecycle rules, tags, restored archives", () => {
  const events = service.functions["encode"]!.events!.map(({ s3 }) => s3!);
  assert.deepEqual(
    events.map(({ event }) => event),
    [
      "s3:ObjectCreated:*",
      "s3:ObjectRemoved:*",
      "s3:LifecycleExpiration:*",
      "s3:ObjectTagging:*",
      "s3:ObjectRestore:Completed",
    ],
  );
  for (const { bucket, event } of events) {
    assert.equal(bucket, "uploads"); // never the latents', which would loop
    const s3 = { bucket: { name: "b" }, object: { key: "k" } };
    const eventName = event.replace("s3:", "").replace("*", "Any"); // records have no `s3:`
    const { ignored } = readS3Event({ Records: [{ eventSource: "aws:s3", eventName, s3 }] });
    assert.deepEqual(ignored, [], event);
  }
});

test("HEAD and preflights are declared beside GET", () => {
  const routes = service.functions["decode"]!.events!.map(({ httpApi }) => httpApi);
  for (const method of ["GET", "HEAD", "OPTIONS"])
    assert.ok(routes.includes(`${method} /images/{key+}`), method);
});

test("an event that fails three times goes to the queue with its error; only the encode function may write there", () => {
  const { maximumRetryAttempts, destinations } = service.functions["encode"]!;
  assert.equal(maximumRetryAttempts, 2);
  const arn = { "Fn::GetAtt": ["FailuresQueue", "Arn"] };
  assert.deepEqual(destinations, { onFailure: { type: "sqs", arn } });
  const writers = ["EncodeRole", "DecodeRole", "BatchRole"].filter((role) =>
    JSON.stringify(resources[role]).includes("sqs:SendMessage"),
  );
  assert.deepEqual(writers, ["EncodeRole"]);
});

test("each function has a role of its own that may do what it has to, and nothing else", () => {
  const roles = Object.values(service.functions).map(({ role }) => role);
  assert.deepEqual(roles, ["EncodeRole", "DecodeRole", "BatchRole"]);
  const lists = Object.values(BUCKETS).map((bucket) => `s3:ListBucket ${bucket}`);
  const encoding = [
    "s3:GetObject my-uploads/*",
    "s3:GetObjectTagging my-uploads/*",
    "s3:GetObject my-latents/*.zn",
    "s3:PutObject my-latents/*.zn",
    "s3:DeleteObject my-latents/*.zn",
    ...lists,
  ];
  const queues = ["FailuresQueue", "RejectedQueue"].map((name) => `sqs:SendMessage ${name}.Arn`);
  assert.deepEqual(allowed("EncodeRole"), new Set([...encoding, ...queues, ...logging("EncodeLogGroup")]));
  assert.deepEqual(allowed("BatchRole"), new Set([...encoding, ...logging("BatchLogGroup")]));
  assert.deepEqual(
    allowed("DecodeRole"),
    new Set(["s3:GetObject my-latents/*.zn", "s3:ListBucket my-latents", ...logging("DecodeLogGroup")]),
  );
  const jobs = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"];
  assert.deepEqual(
    allowed("BatchJobRole"),
    new Set([
      ...jobs.map((action) => `${action} my-latents/jobs/*`),
      "lambda:InvokeFunction function:zippynet-dev-batch:*",
    ]),
  );
});

test("both buckets are private, encrypted and refuse plain HTTP; they outlive the stack, but not a deployment that fails", () => {
  const { extensions } = service.resources;
  const uploads = service.provider.s3["uploads"]!;
  const latents = resources["LatentsBucket"]!;
  for (const [access, encryption] of [
    [
      uploads["publicAccessBlockConfiguration"],
      extensions["S3BucketUploads"]!.Properties["BucketEncryption"],
    ],
    [latents.Properties["PublicAccessBlockConfiguration"], latents.Properties["BucketEncryption"]],
  ]) {
    assert.equal(Object.values(access as object).filter((blocked) => blocked === true).length, 4);
    assert.match(
      JSON.stringify(encryption),
      /"SSEAlgorithm":\{"Fn::If":\["HasKmsKey","aws:kms","AES256"\]\}/,
    );
  }
  for (const { DeletionPolicy, UpdateReplacePolicy } of [extensions["S3BucketUploads"]!, latents]) {
    assert.deepEqual([DeletionPolicy, UpdateReplacePolicy], ["RetainExceptOnCreate", "Retain"]);
  }
  for (const bucket of ["S3BucketUploads", "LatentsBucket"]) {
    const policies = Object.values(resources).filter(
      ({ Type, Properties }) =>
        Type === "AWS::S3::BucketPolicy" && (Properties["Bucket"] as { Ref: string }).Ref === bucket,
    );
    const { Statement } = policies[0]!.Properties["PolicyDocument"] as { Statement: Statement[] };
    assert.deepEqual(
      Statement.map(({ Effect, Action, Condition }) => ({ Effect, Action, Condition })),
      [{ Effect: "Deny", Action: "s3:*", Condition: { Bool: { "aws:SecureTransport": false } } }],
    );
  }
});

test("latents stay in the class Standard: others bill 128 kB an object", () => {
  const { Properties } = resources["LatentsBucket"]!;
  assert.deepEqual(Object.keys(Properties).sort(), [
    "BucketEncryption",
    "BucketName",
    "PublicAccessBlockConfiguration",
  ]);
});

test("a backfill's and the pictures' share of the account's concurrency is capped, uploads' if asked for, and none if asked for none", async () => {
  const share = ({ resources: { extensions, Conditions } }: Resolved, name: string): unknown => {
    const { ReservedConcurrentExecutions } = extensions[`${name}LambdaFunction`]!.Properties;
    const [condition, value, otherwise] = (ReservedConcurrentExecutions as { "Fn::If": unknown[] })["Fn::If"];
    assert.deepEqual(otherwise, { Ref: "AWS::NoValue" });
    const [equals] = (Conditions[String(condition)] as { "Fn::Not": [{ "Fn::Equals": unknown[] }] })[
      "Fn::Not"
    ];
    const [a, b] = equals["Fn::Equals"];
    return a === b ? undefined : Number(value);
  };
  const shares = (of: Resolved) => ["Batch", "Encode", "Decode"].map((name) => share(of, name));
  assert.deepEqual(shares(service), [20, undefined, 50]);
  const other = await resolve("batchConcurrency=none", "encodeConcurrency=50", "decodeConcurrency=none");
  assert.deepEqual(shares(other), [undefined, 50, undefined]);
});

test("with a key of the operator's own, each role may decrypt, and only those that write may encrypt", () => {
  const rights = ["KmsPolicy", "KmsWritePolicy"].map((name) => {
    const { Condition, Properties } = service.resources.Resources[name]!;
    assert.equal(Condition, "HasKmsKey");
    const { Roles, PolicyDocument } = Properties as {
      Roles: { Ref: string }[];
      PolicyDocument: { Statement: { Action: string }[] };
    };
    return [PolicyDocument.Statement.map(({ Action }) => Action), Roles.map(({ Ref }) => Ref)];
  });
  const writing = ["EncodeRole", "BatchRole", "BatchJobRole"];
  assert.deepEqual(rights, [
    [["kms:Decrypt"], ["EncodeRole", "DecodeRole", "BatchRole", "BatchJobRole"]],
    [["kms:GenerateDataKey"], writing],
  ]);
});

test("requests to the API have a limit, lists of keys a lower one, so that a flood of them costs little", async () => {
  const limits = ({ resources: { extensions } }: Resolved): unknown[] => {
    const { DefaultRouteSettings, RouteSettings } = extensions["HttpApiStage"]!.Properties;
    return [DefaultRouteSettings, RouteSettings];
  };
  const settings = <T>(rate: T, burst: T) => ({ ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst });
  assert.deepEqual(limits(service), [settings(1000, 2000), { "POST /inline": settings(20, 20) }]);
  const other = await resolve("maxRequests=20", "maxBurst=30", "maxInlineRequests=4");
  // CloudFormation makes the stage after the route that it names
  assert.deepEqual(service.resources.extensions["HttpApiStage"]!.DependsOn, ["HttpApiRoutePostInline"]);
  // text, from a command line; CloudFormation takes it for numbers
  assert.deepEqual(limits(other), [settings("20", "30"), { "POST /inline": settings("4", "4") }]);
});

test("the limits of uploads are those of every function that encodes, and all defaults are the code's own", () => {
  const { environment } = service.provider;
  const expected = readSettings({ ZIPPYNET_LATENTS_BUCKET: "my-latents" });
  for (const { environment: own } of Object.values(service.functions)) {
    const text = { ...environment, ...own, ZIPPYNET_REJECTED_QUEUE_URL: undefined } as NodeJS.ProcessEnv;
    assert.deepEqual(readSettings(text), expected);
  }
});

test("what operators may ask for is off unless they do, and on if they do", async () => {
  const truth = ({ resources: { Conditions } }: Resolved, name: string): boolean => {
    const value = (condition: unknown): boolean => {
      const [[kind, of]] = Object.entries(condition as Record<string, unknown[]>) as [[string, unknown[]]];
      if (kind === "Condition") return value(Conditions[String(of)]);
      if (kind === "Fn::Not") return !value(of[0]);
      if (kind === "Fn::And") return of.every(value);
      assert.equal(kind, "Fn::Equals");
      return String(of[0]) === String(of[1]);
    };
    return value(Conditions[name]);
  };
  const names = ["KmsKey", "Tracing", "AccessLogs", "ApiDomain", "CdnDomain", "WebAcl", "Budget"];
  const on = (of: Resolved) => names.filter((name) => truth(of, `Has${name}`));
  assert.deepEqual(on(service), []);
  const parameters = [
    "kmsKeyArn=arn:aws:kms:us-east-1:1:key/a",
    "tracing=true",
    "accessLogs=true",
    "domainName=images.example",
    "certificateArn=arn:aws:acm:us-east-1:1:certificate/a",
    "webAclArn=arn:aws:wafv2:us-east-1:1:global/webacl/a/b",
    "monthlyBudget=100",
    "alarmEmail=a@b.example",
    "tags=team=shop, cost = 42",
  ];
  const api = await resolve(...parameters);
  assert.deepEqual(
    on(api),
    names.filter((name) => name !== "CdnDomain"),
  );
  assert.deepEqual(api.provider.stackTags, { team: "shop", cost: "42" });
  assert.deepEqual(api.provider.tracing, { lambda: true });
  assert.deepEqual(
    on(await resolve(...parameters, "cdn=true")),
    names.filter((name) => name !== "ApiDomain"),
  );
});

test("events and requests go to the alias of a function, which points to the version of the deployment", async () => {
  const functions: Osls["service"]["functions"] = { encode: { environment: { A: "1" } }, decode: {} };
  const Resources: Record<string, unknown> = {};
  const { hooks } = new PackagingPlugin({
    service: {
      custom: { layer: { model: "auto", research: false } },
      provider: { compiledCloudFormationTemplate: { Resources } },
      functions,
    },
    processedInput: { commands: ["package"] },
    pluginManager: { getPlugins: () => [] },
  });
  await hooks["before:package:compileFunctions"]!();
  for (const [name, each] of Object.entries(functions)) {
    assert.equal(each.targetAlias?.name, ALIAS);
    Object.assign(each, { versionLogicalId: `${name}Version` }); // as osls does
  }
  const times = Object.values(functions).map(({ environment }) => String(environment?.[DEPLOYMENT]));
  assert.ok(Math.abs(Date.parse(times[0]!) - Date.now()) < 60_000);
  assert.equal(times[1], times[0]);
  assert.equal(functions["encode"]!.environment?.["A"], "1");
  await hooks["after:package:compileFunctions"]!();
  assert.deepEqual(Resources[functions["decode"]!.targetAlias!.logicalId], {
    Type: "AWS::Lambda::Alias",
    Properties: {
      Name: ALIAS,
      FunctionName: { Ref: "DecodeLambdaFunction" },
      FunctionVersion: { "Fn::GetAtt": ["decodeVersion", "Version"] },
    },
  });
  assert.deepEqual(Object.keys(Resources), ["EncodeLambdaAlias", "DecodeLambdaAlias"]);
});

test("what belongs to a version is set before osls looks whether a version is needed", async () => {
  for (const name of ["Encode", "Decode", "Batch"]) {
    const { Properties } = service.resources.extensions[`${name}LambdaFunction`]!;
    assert.deepEqual(Object.keys(Properties), ["ReservedConcurrentExecutions"]);
  }
  assert.equal(service.provider.versionFunctions, true);
  assert.deepEqual(service.provider.tracing, { lambda: false });
});

test("no other account's job may use the role of jobs", () => {
  const { AssumeRolePolicyDocument } = resources["BatchJobRole"]!.Properties as {
    AssumeRolePolicyDocument: { Statement: Statement[] };
  };
  const account = { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } };
  assert.deepEqual(
    AssumeRolePolicyDocument.Statement.map(({ Condition }) => Condition),
    [account],
  );
});

test("no ARN is of one partition alone", async () => {
  for (const file of [
    "serverless.yml",
    ...["batch", "buckets", "cdn", "failures", "observability", "options"].map(
      (name) => `deploy/${name}.yml`,
    ),
  ])
    assert.doesNotMatch(await readFile(new URL(`../../${file}`, import.meta.url), "utf8"), /arn:aws:/, file);
});

test("names that all regions share have the region in them", () => {
  const names = [
    resources["Dashboard"]!.Properties["DashboardName"],
    resources["CdnAcceptFunction"]!.Properties["Name"],
    (resources["CdnCachePolicy"]!.Properties["CachePolicyConfig"] as { Name: string }).Name,
  ];
  for (const name of names) assert.match(String(name), /^zippynet-dev-us-east-1/);
});

test("docs/operations.md names every alarm, parameter and output", async () => {
  const text = await readFile(new URL("../../docs/operations.md", import.meta.url), "utf8");
  const yaml = await readFile(new URL("../../serverless.yml", import.meta.url), "utf8");
  const alarms = Object.entries(resources).flatMap(([name, { Type }]) =>
    Type === "AWS::CloudWatch::Alarm" ? [name] : [],
  );
  assert.ok(alarms.length > 8);
  const block = /^params:\n {2}default:\n((?: {4}.*\n)+)/m.exec(yaml)![1]!;
  const parameters = [...block.matchAll(/^ {4}(\w+):/gm)].map(([, name]) => name!);
  assert.ok(parameters.length > 10);
  for (const name of [...alarms, ...parameters, ...Object.keys(service.resources.Outputs)]) {
    assert.ok(text.includes(`\`${name}\``), `expected ${name}`);
  }
});
