import { declareBuiltIn, orderBy } from './dataset-declare.js'
import type { RowSource } from './dataset-source.js'

/** What was asked of upstreams and what came back. */
export const coverageSource: RowSource = {
  ...declareBuiltIn(
    { name: 'coverage', title: 'What upstreams were asked for', key: ['of', 'scope', 'start', 'end', 'connector'] },
    {
      of: { type: 'string', title: 'A kept interval, or the name of a dataset' },
      scope: { type: 'string', title: 'An instrument, or a whole exchange' },
      start: { type: 'date', title: 'First session date' },
      end: { type: 'date', title: 'Not included' },
      connector: { type: 'string' },
      outcome: { type: 'string', title: 'page, or the reason why there was none' },
      known_at: { type: 'instant' },
    },
  ),
  from: 'coverage AS t FINAL',
  order: [
    orderBy('of', 'String'),
    orderBy('scope', 'String'),
    orderBy('start', 'Date32'),
    orderBy('end', 'Date32'),
    orderBy('connector', 'String'),
  ],
}

const ofOrder = (name: string) => `JSONExtractString(t.definition, '${name}')`

/** How far a crawl is the queue knows, which need not be in this store: GET /v1/crawls/{id} tells it. */
export const crawlsSource: RowSource = {
  ...declareBuiltIn(
    { name: 'crawls', title: 'Crawls that were ordered', key: ['id'] },
    {
      id: { type: 'integer' },
      connector: { type: 'string', sql: ofOrder('connector') },
      plan: { type: 'string', sql: ofOrder('plan') },
      start: { type: 'date', title: 'First session date', sql: `toDate32(${ofOrder('start')})` },
      end: { type: 'date', title: 'Not included', sql: `toDate32(${ofOrder('end')})` },
      instruments: {
        type: 'integer',
        title: 'How many were named; none where all are meant',
        nullable: true,
        sql: "if(JSONHas(t.definition, 'instruments'), toInt64(JSONLength(t.definition, 'instruments')), NULL)",
      },
      state: { type: 'string', title: 'planning; planned, when all its requests are queued; cancelled' },
    },
  ),
  from: 'crawls AS t FINAL',
  order: [orderBy('id', 'UInt32')],
}

/** Pages of upstreams as they are archived, without their bodies. */
export const pagesSource: RowSource = {
  ...declareBuiltIn(
    {
      name: 'pages',
      title: 'Archived pages of upstreams',
      key: ['connector', 'handler', 'task', 'received_at', 'number'],
    },
    {
      connector: { type: 'string' },
      handler: { type: 'string' },
      task: { type: 'string', title: 'Key of the task' },
      received_at: { type: 'instant' },
      number: { type: 'integer', title: 'Position among the pages of the task' },
      params: { type: 'string', title: 'What the task asks for, as JSON' },
      url: { type: 'string', title: 'Without secrets' },
      status: { type: 'integer', title: 'HTTP status' },
    },
  ),
  from: 'raw_pages AS t FINAL',
  order: [
    orderBy('connector', 'String'),
    orderBy('handler', 'String'),
    orderBy('task', 'String'),
    orderBy('received_at', "DateTime64(3, 'UTC')"),
    orderBy('number', 'UInt16'),
  ],
  isLarge: true,
}
