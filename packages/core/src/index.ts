export {
  allBarColumns,
  type Bar,
  type BarColumn,
  type BarFault,
  barColumns,
  barFault,
  extraBarColumns,
} from './bar.js'
export {
  type Absence,
  type AbsenceReason,
  type Adjustment,
  absenceReasons,
  type Connector,
  type Coverage,
  type CrawlPlan,
  type CrawlRequest,
  type DatasetDeclaration,
  type Handler,
  type HandlerContext,
  isAbsence,
  type JsonObject,
  type JsonValue,
  type Limit,
  type Page,
  type PageBars,
  type PageRows,
  type Task,
  type TaskResult,
  type UpstreamPage,
  type UpstreamRequest,
} from './connector.js'
export {
  type ColumnType,
  columnNamePattern,
  columnTypes,
  type Dataset,
  type DatasetColumn,
  datasetNamePattern,
} from './dataset.js'
export {
  BarkeepError,
  type BarkeepErrorOptions,
  type ErrorCode,
  type ErrorDetail,
  errorCatalogue,
  invalidParameter,
  shorten,
} from './errors.js'
export { builtInExchanges, type Exchange, exchangeCodePattern, type SessionHours } from './exchange.js'
export { formatInstant, parseTimeBound, type TimeBound } from './instant.js'
export {
  type Instrument,
  type InstrumentKind,
  instrumentKinds,
  instrumentPattern,
  parseInstrument,
} from './instrument.js'
export {
  baseInterval,
  type DerivedInterval,
  derivedIntervals,
  type Interval,
  intervalMinutes,
  intervals,
  isBaseOf,
  isInterval,
  isKeptInterval,
  type KeptInterval,
  keptIntervals,
} from './interval.js'
export { nearestName } from './nearest.js'
export { hoursOn, minuteOfDay, type Session, sessionDateOf, sessionOf } from './session.js'
export { type FailureClass, failureClassOf, type UpstreamErrorCode, upstreamError } from './upstream-error.js'
export {
  type BodyFormat,
  bodyFormats,
  type DatasetReport,
  type Envelope,
  type Format,
  formats,
  type IngestReport,
  type Problem,
} from './wire.js'
export {
  dateOfWallClock,
  instantOfWallClock,
  isTimeZone,
  wallClockOfDate,
  wallClockOfInstant,
  zoneOffsetMs,
} from './zone.js'
