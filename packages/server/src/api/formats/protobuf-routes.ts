import { datasetNamePattern } from '@barkeep/core'
import Type from 'typebox'
import type { Api, ApiContext } from '../context.js'
import { none } from '../datasets/dataset-schemas.js'
import { answerProto, answerProtoUrl, problemProto, problemProtoUrl } from './protobuf-answer.js'
import {
  barMessage,
  barSourceMessage,
  coverageMessage,
  datasetMessage,
  gapMessage,
  protoFile,
} from './protobuf-schema.js'

const proto = { description: 'A schema file', content: { 'text/plain': { schema: Type.String() } } }

/** The schemas of all messages that are answered as Protobuf. */
export function protobufRoutes(app: Api, { sources }: ApiContext): void {
  const files = {
    [barMessage.url]: { tag: 'bars', summary: 'The Protobuf message of a bar', text: protoFile(barMessage) },
    [gapMessage.url]: { tag: 'crawl', summary: 'The Protobuf message of a gap', text: protoFile(gapMessage) },
    [coverageMessage.url]: {
      tag: 'crawl',
      summary: 'The Protobuf message of coverage',
      text: protoFile(coverageMessage),
    },
    [barSourceMessage.url]: {
      tag: 'crawl',
      summary: 'The Protobuf message of a source of bars',
      text: protoFile(barSourceMessage),
    },
    [answerProtoUrl]: { tag: 'service', summary: 'The Protobuf message of an answer without rows', text: answerProto },
    [problemProtoUrl]: { tag: 'service', summary: 'The Protobuf message of a problem', text: problemProto },
  }
  for (const [url, { tag, summary, text }] of Object.entries(files)) {
    app.get(url, { schema: { tags: [tag], summary, querystring: none, response: { 200: proto } } }, (_request, reply) =>
      reply.type('text/plain; charset=utf-8').send(text),
    )
  }

  app.get(
    `/v1/datasets/:name(${datasetNamePattern}).proto`,
    {
      schema: {
        tags: ['datasets'],
        summary: 'The Protobuf message of a row',
        params: Type.Object({ name: Type.String({ examples: ['birds'] }) }),
        querystring: none,
        response: { 200: proto },
      },
    },
    ({ params: { name } }, reply) =>
      reply.type('text/plain; charset=utf-8').send(protoFile(datasetMessage(sources.get(name).dataset))),
  )
}
