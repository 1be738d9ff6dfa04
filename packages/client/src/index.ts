export {
  applyIncrement,
  BarkeepError,
  type ErrorCode,
  type LiveBar,
  type LivePosition,
  type PublishAck,
  type SearchError,
  type SearchHit,
  type SearchIncrement,
  type SearchState,
  type Topic,
} from '@barkeep/core'
export type { BarsTable } from './arrow.js'
export type { Sleep } from './backoff.js'
export type { BarsOptions, FullBar } from './bars.js'
export { type Client, type ClientOptions, createClient } from './client.js'
export type { CrawlClient } from './crawl.js'
export type {
  BackfillOptions,
  BackfillReport,
  BarSource,
  BarSourcesOptions,
  ConnectorInfo,
  CoverageRow,
  CrawlEstimate,
  CrawlOrder,
  CrawlProgress,
  CrawlStatus,
  DeadTask,
  Gap,
  GapReason,
  GapsOptions,
  ReparseReport,
} from './crawl-answers.js'
export type { DatasetClient, Definition, InsertOptions, RowsOptions } from './dataset.js'
export type { List } from './list.js'
export type { MarketPlan, MarketSource, MarketStatus, MarketsClient, MarketToday } from './markets.js'
export type { PlainOptions, PlainRows } from './plain.js'
export type { Publisher, PublisherOptions } from './publish.js'
export type { Condition, Scalar, Where } from './query.js'
export type { BarsSlice, ReplayBarsOptions, SliceColumn } from './replay-bars.js'
export type { SearchOptions } from './search.js'
export type { Signalled } from './signalled.js'
export type {
  ReplayOptions,
  StreamBars,
  StreamDone,
  StreamMessage,
  StreamOptions,
  StreamState,
} from './stream-message.js'
export type { UploadBody, UploadOptions } from './upload.js'
