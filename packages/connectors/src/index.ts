export {
  type BarBatch,
  checkFormat,
  expandPaths,
  type FileFormat,
  noTradeReasons,
  type ReadBarsOptions,
  type Refusal,
  readBars,
  shippedFormats,
} from './file/index.js'
export {
  type SimulatedAdjustment,
  simulatedAdjustments,
  simulatedCsv,
  simulatedInstruments,
  simulatedSessionDates,
  typhoonDate,
} from './simulated/index.js'
