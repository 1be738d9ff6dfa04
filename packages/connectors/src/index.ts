export { type ConnectorDefinition, defineConnector, type PlanDefinition } from './define-connector.js'
export {
  type BarBatch,
  checkFormat,
  expandPaths,
  type FileFormat,
  noTradeReasons,
  type ReadBarsOptions,
  type Refusal,
  type RowOrigin,
  readBars,
  readFormats,
  shippedFormats,
} from './file/index.js'
export { shippedConnectors } from './shipped-connectors.js'
export {
  type SimulatedAdjustment,
  simulatedAdjustments,
  simulatedCsv,
  simulatedInstruments,
  simulatedSessionDates,
  typhoonDate,
} from './simulated/index.js'
export { twse } from './twse/index.js'
export { worldtradingdata } from './worldtradingdata/index.js'
export { yahoo } from './yahoo/index.js'
