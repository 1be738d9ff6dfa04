import { expect, test } from 'vitest'
import { type BarsReach, BarsTurns } from './bars-turns.js'

const minutes = (firstSeconds: number, lastSeconds: number): BarsReach => ({
  interval: '1m',
  firstSeconds,
  lastSeconds,
})

/** Turns whose works begin and end when the test says so. */
function rig() {
  const turns = new BarsTurns()
  const begun: string[] = []
  const take = (name: string, reach: BarsReach) => {
    let end: (error?: Error) => void = () => {}
    const ended = new Promise<void>((resolve, reject) => {
      end = (error) => (error === undefined ? resolve() : reject(error))
    })
    const taken = turns.take(reach, async () => {
      begun.push(name)
      await ended
      return name
    })
    return { taken, end }
  }
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
  return { take, begun, settled }
}

test('writes of the same bars take turns in their order, and one that fails lets the next begin', async () => {
  const { take, begun, settled } = rig()
  const [first, second, third] = [minutes(0, 10), minutes(10, 20), minutes(5, 15)].map((reach, at) =>
    take(`${at}`, reach),
  )
  await settled()
  expect(begun).toEqual(['0'])
  first?.end(new Error('The store refuses this.'))
  await expect(first?.taken).rejects.toThrow('refuses')
  await settled()
  expect(begun).toEqual(['0', '1'])
  second?.end()
  expect(await second?.taken).toBe('1')
  await settled()
  expect(begun).toEqual(['0', '1', '2'])
  third?.end()
  await third?.taken
})

test('a write of other bars waits for nobody', async () => {
  const { take, begun, settled } = rig()
  const history = take('history', minutes(0, 100))
  const live = take('live', minutes(101, 101))
  const days = take('days', { ...minutes(0, 100), interval: '1d' })
  await settled()
  expect(begun).toEqual(['history', 'live', 'days'])
  for (const { end } of [live, days, history]) end()
  expect(await Promise.all([live.taken, days.taken, history.taken])).toEqual(['live', 'days', 'history'])
})
