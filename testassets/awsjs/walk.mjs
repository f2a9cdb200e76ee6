// Walks the guide's examples with the AWS SDK for JavaScript, reads a metric, and stops a stream.
//
//	node walk.mjs ENDPOINT REGION CHANNEL-ARN
//
// Access key and secret are in the environment, as the SDK has it. Each call's answer goes
// to stdout as a line of JSON: {"call": …, "output": …} or {"call": …, "error": …}. After
// the first one the channel has to be published to.
import { generateKeyPairSync } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import * as cloudwatch from "@aws-sdk/client-cloudwatch";
import * as ivs from "@aws-sdk/client-ivs";

const [endpoint, region, channelArn] = process.argv.slice(2);
const client = new ivs.IvsClient({ endpoint, region });
const meter = new cloudwatch.CloudWatchClient({ endpoint, region });

// ask sends a command and prints its answer under a name.
async function ask(call, command, by = client) {
  const { $metadata, ...output } = await by.send(command);
  print({ call, output });
  return output;
}

// refused sends a command that is to fail, and prints how.
async function refused(call, command, by = client) {
  try {
    await by.send(command);
    print({ call, error: "" });
  } catch (err) {
    print({ call, error: err.name });
  }
}

function print(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

async function live() {
  await ask("get-channel", new ivs.GetChannelCommand({ arn: channelArn }));
  for (;;) {
    const { streams } = await client.send(new ivs.ListStreamsCommand({ filterBy: { health: "HEALTHY" } }));
    if (streams.some((s) => s.channelArn === channelArn)) break;
    await setTimeout(100); // ms
  }
  await ask("list-streams", new ivs.ListStreamsCommand({}));
  await ask("get-stream", new ivs.GetStreamCommand({ channelArn }));
  await ask("put-metadata", new ivs.PutMetadataCommand({ channelArn, metadata: "from JavaScript" }));
  await metrics();
  const streamSessions = [];
  for await (const page of ivs.paginateListStreamSessions({ client, pageSize: 1 }, { channelArn })) {
    streamSessions.push(...page.streamSessions);
  }
  print({ call: "list-stream-sessions", output: { streamSessions } });
  const { streamId } = streamSessions.at(-1);
  await ask("get-stream-session", new ivs.GetStreamSessionCommand({ channelArn, streamId }));
  await refused("delete-channel", new ivs.DeleteChannelCommand({ arn: channelArn }));
  await ask("stop-stream", new ivs.StopStreamCommand({ channelArn }));
  await refused("get-stream", new ivs.GetStreamCommand({ channelArn }));
}

// metrics waits for the channel's first bit rate and reads it.
async function metrics() {
  const Dimensions = [{ Name: "Channel", Value: channelArn.split("/").at(-1) }];
  const Metric = { Namespace: "AWS/IVS", MetricName: "IngestBitrate", Dimensions };
  for (;;) {
    const { Metrics } = await meter.send(new cloudwatch.ListMetricsCommand({ ...Metric, RecentlyActive: "PT3H" }));
    if (Metrics.length > 0) break;
    await setTimeout(100); // ms
  }
  const EndTime = new Date(), StartTime = new Date(EndTime - 60_000);
  const query = { Id: "bitrate", MetricStat: { Metric, Period: 1, Stat: "Average" } };
  await ask("get-metric-data", new cloudwatch.GetMetricDataCommand({ StartTime, EndTime, MetricDataQueries: [query] }), meter);
  query.MetricStat.Stat = "p99";
  await refused("get-metric-data", new cloudwatch.GetMetricDataCommand({ StartTime, EndTime, MetricDataQueries: [query] }), meter);
}

async function recording() {
  const { recordingConfiguration } = await ask("create-recording-configuration", new ivs.CreateRecordingConfigurationCommand({
    name: "configuration-1",
    destinationConfiguration: { s3: { bucketName: "test-bucket" } },
    thumbnailConfiguration: { recordingMode: "INTERVAL", targetIntervalSeconds: 60 },
    recordingReconnectWindowSeconds: 60,
  }));
  const { arn } = recordingConfiguration;
  await ask("get-recording-configuration", new ivs.GetRecordingConfigurationCommand({ arn }));
  const { channel } = await ask("create-channel", new ivs.CreateChannelCommand({
    name: "channel-live", recordingConfigurationArn: arn, tags: { owner: "walk" },
  }));
  await refused("delete-recording-configuration", new ivs.DeleteRecordingConfigurationCommand({ arn }));
  await ask("list-tags-for-resource", new ivs.ListTagsForResourceCommand({ resourceArn: channel.arn }));
  await ask("update-channel", new ivs.UpdateChannelCommand({ arn: channel.arn, recordingConfigurationArn: "", authorized: true }));
  await ask("delete-recording-configuration", new ivs.DeleteRecordingConfigurationCommand({ arn }));
  await ask("delete-channel", new ivs.DeleteChannelCommand({ arn: channel.arn }));
  await refused("get-channel", new ivs.GetChannelCommand({ arn: channel.arn }));
}

async function playbackKey() {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "secp384r1" });
  const publicKeyMaterial = publicKey.export({ type: "spki", format: "pem" });
  const { keyPair } = await ask("import-playback-key-pair", new ivs.ImportPlaybackKeyPairCommand({ publicKeyMaterial }));
  await ask("get-playback-key-pair", new ivs.GetPlaybackKeyPairCommand({ arn: keyPair.arn }));
  await ask("list-playback-key-pairs", new ivs.ListPlaybackKeyPairsCommand({}));
  await ask("delete-playback-key-pair", new ivs.DeletePlaybackKeyPairCommand({ arn: keyPair.arn }));
  await refused("get-playback-key-pair", new ivs.GetPlaybackKeyPairCommand({ arn: keyPair.arn }));
}

await live();
await recording();
await playbackKey();
