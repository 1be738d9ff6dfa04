export {
  keptAdjustments,
  type SimulatedAdjustment,
  type SimulatedAdjustmentsOptions,
  simulatedAdjustments,
} from './adjustments.js'
export { simulated } from './connector.js'
export { simulatedInstruments } from './instruments.js'
export { type SessionDatesOptions, simulatedHolidays, simulatedSessionDates, typhoonDate } from './session-dates.js'
export { type SimulateBarsOptions, type SimulatedDay, simulateBars } from './simulate-bars.js'
export type { SimulatedBar } from './simulated-bar.js'
export { type SimulatedCsvOptions, simulatedCsv } from './simulated-csv.js'
