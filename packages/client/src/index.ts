export { BarkeepError, type ErrorCode } from '@barkeep/core'
export type { BarsTable } from './arrow.js'
export type { Sleep } from './backoff.js'
export type { BarsOptions, FullBar } from './bars.js'
export { type Client, type ClientOptions, createClient, type Signalled } from './client.js'
export type {
  BackfillOptions,
  BackfillReport,
  ConnectorInfo,
  CoverageRow,
  CrawlClient,
  CrawlEstimate,
  CrawlOrder,
  CrawlStatus,
  DeadTask,
  Gap,
  GapReason,
  GapsOptions,
  ReparseReport,
} from './crawl.js'
export type { DatasetClient, Definition, InsertOptions, RowsOptions } from './dataset.js'
export type { List } from './list.js'
export type { PlainOptions, PlainRows } from './plain.js'
export type { Condition, Scalar, Where } from './query.js'
export type { UploadBody, UploadOptions } from './upload.js'
