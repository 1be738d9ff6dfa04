import { describe, expect, it } from 'vitest'
import { taifex } from './index.js'

function tasksOf(plan: string, start: string, end: string, options = {}) {
  const nowMs = Date.parse('2024-03-06T10:00:00Z')
  return [...(taifex.crawls[plan]?.tasks({ instruments: [], start, end, options, nowMs }) ?? [])]
}

describe('the plans of taifex', () => {
  it('ask for weekdays up to today, and for options when they are wanted', () => {
    expect(tasksOf('market-days', '2024-03-01', '2024-12-31')).toEqual(
      ['2024-03-01', '2024-03-04', '2024-03-05', '2024-03-06'].map((date) => ({
        connector: 'taifex',
        handler: 'futuresDay',
        params: { date, options: false },
      })),
    )
    const [first] = tasksOf('market-days', '1990-01-01', '2024-12-31', { options: 'yes' })
    expect(first?.params).toEqual({ date: '1998-07-21', options: true })
  })

  it('ask for matches of no date that has none any more', () => {
    const dates = tasksOf('minute-bars', '2023-01-01', '2024-12-31').map(({ params }) => params.date)
    expect([dates[0], dates.at(-1), dates.length]).toEqual(['2024-01-11', '2024-03-06', 40])
    expect(tasksOf('minute-bars', '2023-01-01', '2023-12-31')).toEqual([])
  })

  it('are each a task of a handler that is there, with params that survive JSON', () => {
    for (const plan of Object.keys(taifex.crawls)) {
      for (const task of tasksOf(plan, '2024-03-01', '2024-03-06')) {
        expect(taifex.handlers[task.handler]).toBeTypeOf('function')
        expect(JSON.parse(JSON.stringify(task))).toEqual(task)
      }
    }
  })
})
