import { expect, test } from 'vitest'
import type { BarBatch } from './bar-batch.js'
import { createReadings } from './readings.js'

/** Batches of a file, of which only the number of lines is told; `log` has what was opened, read and closed. */
function fileOf(name: string, parts: number, log: string[]) {
  return async function* (): AsyncGenerator<BarBatch, void, undefined> {
    log.push(`open ${name}`)
    try {
      for (let part = 0; part < parts; part++) {
        log.push(`read ${name} ${part}`)
        yield { linesRead: part } as BarBatch // nothing else of it is looked at
      }
    } finally {
      log.push(`close ${name}`)
    }
  }
}

test('parts that follow each other read a file once, to its end', async () => {
  const log: string[] = []
  const readings = createReadings(2)
  const parts = []
  for (const part of [0, 1, 2]) parts.push((await readings.read('a', part, fileOf('a', 2, log)))?.linesRead)
  expect(parts).toEqual([0, 1, undefined])
  expect(log).toEqual(['open a', 'read a 0', 'read a 1', 'close a'])
})

test('a part that was read before is read from the start again', async () => {
  const log: string[] = []
  const readings = createReadings(2)
  await readings.read('a', 0, fileOf('a', 3, log))
  expect((await readings.read('a', 0, fileOf('a', 3, log)))?.linesRead).toBe(0)
  expect((await readings.read('a', 2, fileOf('a', 3, log)))?.linesRead).toBe(2)
  expect(log).toEqual(['open a', 'read a 0', 'close a', 'open a', 'read a 0', 'read a 1', 'read a 2'])
})

test('the file that waited longest is closed, and its next part comes all the same', async () => {
  const log: string[] = []
  const readings = createReadings(2)
  for (const name of ['a', 'b', 'c']) await readings.read(name, 0, fileOf(name, 2, log))
  expect(log).toContain('close a')
  expect((await readings.read('a', 1, fileOf('a', 2, log)))?.linesRead).toBe(1)
  expect(log.filter((line) => line.startsWith('open'))).toEqual(['open a', 'open b', 'open c', 'open a'])
  expect(log.filter((line) => line.startsWith('close'))).toEqual(['close a', 'close b'])
})
