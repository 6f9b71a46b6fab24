import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiGatewayV2Client, GetApisCommand } from "@aws-sdk/client-apigatewayv2";
import { CloudFormationClient, ListStacksCommand } from "@aws-sdk/client-cloudformation";
import {
  CloudWatchClient,
  DashboardNotFoundError,
  DescribeAlarmsCommand,
  GetDashboardCommand,
} from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { IAMClient, ListRolesCommand } from "@aws-sdk/client-iam";
import { ListFunctionsCommand, ListLayersCommand } from "@aws-sdk/client-lambda";
import { ListBucketsCommand } from "@aws-sdk/client-s3";
import { ListQueuesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { OPTIONS, STACK } from "./deployment.ts";
import { osls } from "./processes.ts";
import { deployment } from "./shared.ts";

const DASHBOARD = `${STACK}-us-east-1`;

test("osls remove leaves nothing but the buckets of data, with what is in them", async () => {
  const before = await inventory();
  for (const [kind, names] of Object.entries(before))
    assert.notEqual(names.length, 0, `expected ${kind} of the deployed service, got none`);
  const data = await Promise.all([count(deployment.uploads), count(deployment.latents)]);

  await osls(["remove", ...OPTIONS], deployment.ministack.environment);
  const { buckets, ...rest } = await inventory();
  assert.deepEqual(buckets, [deployment.latents, deployment.uploads]);
  for (const [kind, names] of Object.entries(rest)) assert.deepEqual(names, [], kind);
  assert.deepEqual(await Promise.all([count(deployment.uploads), count(deployment.latents)]), data);
  assert.ok(data[1] > 0);
});

/** The names of all that the account has, of each kind that the service makes. */
async function inventory(): Promise<Record<string, string[]>> {
  const { endpoint } = deployment.ministack;
  const { s3, lambda } = deployment;
  const watch = new CloudWatchClient({ endpoint });
  const { Buckets = [] } = await s3.send(new ListBucketsCommand());
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand());
  const { Layers = [] } = await lambda.send(new ListLayersCommand());
  const { QueueUrls = [] } = await new SQSClient({ endpoint }).send(new ListQueuesCommand());
  const { Items = [] } = await new ApiGatewayV2Client({ endpoint }).send(new GetApisCommand());
  const { MetricAlarms = [] } = await watch.send(new DescribeAlarmsCommand());
  // ListDashboards answers with times that the SDK cannot read
  const dashboards = await watch.send(new GetDashboardCommand({ DashboardName: DASHBOARD })).then(
    () => [DASHBOARD],
    (error: unknown) => {
      if (error instanceof DashboardNotFoundError || (error as Error).name === "ResourceNotFound") return [];
      throw error;
    },
  );
  const { Roles = [] } = await new IAMClient({ endpoint }).send(new ListRolesCommand());
  const logs = new CloudWatchLogsClient({ endpoint });
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand());
  const { StackSummaries = [] } = await new CloudFormationClient({ endpoint }).send(new ListStacksCommand());
  const names: Record<string, (string | undefined)[]> = {
    buckets: Buckets.map(({ Name }) => Name),
    functions: Functions.map(({ FunctionName }) => FunctionName),
    layers: Layers.map(({ LayerName }) => LayerName),
    queues: QueueUrls,
    apis: Items.map(({ ApiId }) => ApiId),
    alarms: MetricAlarms.map(({ AlarmName }) => AlarmName),
    dashboards,
    roles: Roles.map(({ RoleName }) => RoleName),
    "log groups": logGroups.map(({ logGroupName }) => logGroupName),
    stacks: StackSummaries.filter(({ StackStatus }) => StackStatus !== "DELETE_COMPLETE").map(
      ({ StackName }) => StackName,
    ),
  };
  return Object.fromEntries(Object.entries(names).map(([kind, all]) => [kind, all.map(String).sort()]));
}

async function count(bucket: string): Promise<number> {
  let objects = 0;
  for await (const _ of deployment.store.list(bucket, "")) objects++;
  return objects;
}
