import type { DatasetDeclaration, Handler } from '@barkeep/core'
import { simulatedHolidays } from './session-dates.js'

export type ScheduleParams = { readonly year: number }

/** Named as every exchange's schedule is, so that the calendar finds it. */
export const scheduleDataset: DatasetDeclaration = {
  name: 'sim_holidays',
  title: 'SIM: scheduled holidays',
  licence: null,
  source: 'The connector simulated',
  key: ['date'],
  columns: [
    { name: 'date', type: 'date', nullable: false },
    { name: 'name', type: 'string', nullable: false },
    { name: 'open', type: 'boolean', nullable: false, title: 'Whether there is a session' },
  ],
}

/** The holidays of a year, rows of `sim_holidays`; the typhoon is in no schedule. */
export const schedule: Handler<ScheduleParams> = async (task) => {
  const { year } = task.params
  const rows = Object.entries(simulatedHolidays).map(([day, name]) => ({ date: `${year}-${day}`, name, open: false }))
  const covers = [{ scope: 'SIM', of: scheduleDataset.name, start: `${year}-01-01`, end: `${year + 1}-01-01` }]
  return { task, data: { rows: [{ dataset: scheduleDataset.name, rows }], covers }, nextTasks: [] }
}
