export type { BarBatch, Refusal, RowOrigin } from './bar-batch.js'
export { checkFormat } from './check-format.js'
export { file } from './connector.js'
export { expandPaths } from './expand-paths.js'
export {
  type DateStyle,
  dateStyles,
  type FileFormat,
  type FormatColumn,
  formatColumns,
  type ToldField,
  toldFields,
} from './format.js'
export { noTradeReasons, type ReadBarsOptions, readBars } from './read-bars.js'
export { readFormats } from './read-formats.js'
export { shippedFormats } from './shipped-formats.js'
export { readTold, type Told } from './tell-format.js'
