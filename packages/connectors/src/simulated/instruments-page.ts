import type { Handler } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { simulatedInstruments } from './instruments.js'
import { seedOf } from './seed.js'

export type InstrumentsPageParams = {
  /** The date at the exchange on which it is asked. */
  readonly asked: string
}

/** All instruments of the simulated exchange, those that will be listed later as well. */
export const instrumentsPage: Handler<InstrumentsPageParams> = async (task, context) => {
  const { asked } = task.params
  const covers = [{ scope: 'SIM', of: 'instruments', start: asked, end: addDays(asked, 1) }]
  return { task, data: { instruments: simulatedInstruments(seedOf(context)), covers }, nextTasks: [] }
}
