export { type ConnectorDefinition, defineConnector, type PlanDefinition } from './define-connector.js'
export {
  type BarBatch,
  checkFormat,
  expandPaths,
  type FileFormat,
  file,
  noTradeReasons,
  type ReadBarsOptions,
  type Refusal,
  type RowOrigin,
  readBars,
  readFormats,
  readTold,
  shippedFormats,
  type Told,
  type ToldField,
} from './file/index.js'
export { finmind } from './finmind/index.js'
export { fugle } from './fugle/index.js'
export { mops } from './mops/index.js'
export { shioaji } from './shioaji/index.js'
export { shippedConnectors } from './shipped-connectors.js'
export {
  keptAdjustments,
  type SimulatedAdjustment,
  simulated,
  simulatedAdjustments,
  simulatedCsv,
  simulatedInstruments,
  simulatedSessionDates,
  typhoonDate,
} from './simulated/index.js'
export { taifex } from './taifex/index.js'
export { tpex } from './tpex/index.js'
export { twse } from './twse/index.js'
export { worldtradingdata } from './worldtradingdata/index.js'
export { yahoo } from './yahoo/index.js'
