import { writeFile } from 'node:fs/promises'
import { loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js'
import { load } from '@grpc/proto-loader'

/** Bars over gRPC, as a service of ours would have them: a page, batches of rows, or record batches of Arrow as they are. */
const proto = `syntax = "proto3";
package bench;

service Bars {
  rpc Page(Window) returns (Batch);
  rpc Rows(Window) returns (stream Batch);
  rpc Columns(Window) returns (stream Arrow);
  rpc One(Window) returns (Bar);
}

// Instruments by their numbers, instants in seconds; both half-open.
message Window {
  uint32 first = 1;
  uint32 end = 2;
  uint32 start_seconds = 3;
  uint32 end_seconds = 4;
}

message Batch {
  repeated Bar bars = 1;
}

message Arrow {
  bytes stream = 1;
}

// The fields and numbers of /v1/bars.proto.
message Bar {
  optional string instrument = 1;
  optional int64 ts = 2;
  optional double open = 3;
  optional double high = 4;
  optional double low = 5;
  optional double close = 6;
  optional int64 volume = 7;
  optional double turnover = 8;
  optional int64 trades = 9;
}
`

export interface Window {
  readonly first: number
  readonly end: number
  readonly start_seconds: number
  readonly end_seconds: number
}

/** The service's client class, which carries its definition. `path` is a file that may be written. */
export async function barsService(path: string): Promise<ServiceClientConstructor> {
  await writeFile(path, proto)
  const definition = await load(path, { keepCase: true, longs: Number })
  const { bench } = loadPackageDefinition(definition)
  return (bench as Record<string, ServiceClientConstructor>).Bars as ServiceClientConstructor // as the schema above names it
}
