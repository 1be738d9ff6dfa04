import type { ErrorDetail, Problem } from '@barkeep/core'
import { writeStruct, writeValue } from './protobuf-struct.js'
import { ProtobufWriter } from './protobuf-writer.js'

/** Where the schemas below are published. */
export const answerProtoUrl = '/v1/answer.proto'
export const problemProtoUrl = '/v1/problem.proto'

/** Any answer but rows: its data have the shape that the API's description gives. */
export const answerProto = `syntax = "proto3";

package barkeep;

import "google/protobuf/struct.proto";

// One answer, not delimited. The fields of its object are those of its JSON.
message Answer {
  google.protobuf.Value body = 1;
}
`

export const problemProto = `syntax = "proto3";

package barkeep;

import "google/protobuf/struct.proto";

// One problem, not delimited: the same fields as application/problem+json.
message Problem {
  string type = 1;
  string title = 2;
  int32 status = 3;
  string code = 4;
  string detail = 5;
  string instance = 6;
  string message = 7;
  string documentation_url = 8;
  repeated ErrorDetail errors = 9;
  google.protobuf.Struct request = 10;
  string event_time = 11 [json_name = "eventTime"];
  google.protobuf.Struct service_context = 12 [json_name = "serviceContext"];
  google.protobuf.Struct context = 13;
  string request_id = 14 [json_name = "request_id"];
}

message ErrorDetail {
  string code = 1;
  string message = 2;
  optional string parameter = 3;
  optional string value = 4;
  optional string resource = 5;
  optional string field = 6;
  optional int64 index = 7;
}
`

export function protobufAnswer(body: unknown): Buffer {
  const writer = new ProtobufWriter()
  writer.message(1, () => writeValue(writer, body))
  return writer.take()
}

export function protobufProblem(problem: Problem): Buffer {
  const writer = new ProtobufWriter()
  writer.text(1, problem.type)
  writer.text(2, problem.title)
  writer.integer(3, problem.status)
  writer.text(4, problem.code)
  writer.text(5, problem.detail)
  writer.text(6, problem.instance)
  writer.text(7, problem.message)
  writer.text(8, problem.documentation_url)
  for (const detail of problem.errors) writer.message(9, () => writeDetail(writer, detail))
  writer.message(10, () => writeStruct(writer, problem.request))
  writer.text(11, problem.eventTime)
  writer.message(12, () => writeStruct(writer, problem.serviceContext))
  writer.message(13, () => writeStruct(writer, problem.context))
  writer.text(14, problem.request_id)
  return writer.take()
}

function writeDetail(writer: ProtobufWriter, detail: ErrorDetail): void {
  writer.text(1, detail.code)
  writer.text(2, detail.message)
  for (const [number, name] of detailTexts) {
    const value = detail[name]
    if (value !== undefined) writer.text(number, value)
  }
  if (detail.index !== undefined) writer.integer(7, detail.index)
}

const detailTexts = [
  [3, 'parameter'],
  [4, 'value'],
  [5, 'resource'],
  [6, 'field'],
] as const
