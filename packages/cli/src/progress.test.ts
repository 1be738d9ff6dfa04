import { describe, expect, test } from 'vitest'
import { Progress } from './progress.js'

function createProgress(isTTY: boolean) {
  let nowMs = 0
  let written = ''
  const write = (text: string) => {
    written += text
  }
  return {
    progress: new Progress('Import', { output: { isTTY, write }, now: () => nowMs }),
    pass: (ms: number) => {
      nowMs += ms
    },
    /** What was written since the last call. */
    written: () => {
      const text = written
      written = ''
      return text
    },
  }
}

describe('progress without a terminal', () => {
  test('is a line every tenth, with rows, rate and time left', () => {
    const { progress, pass, written } = createProgress(false)
    pass(1_000)
    progress.show(0.05, 500)
    expect(written()).toBe('')
    pass(1_000)
    progress.show(0.1, 1_000)
    progress.show(0.19, 1_900)
    expect(written()).toBe('Import 10 %, 1,000 rows, 500 rows/s, 18 s left\n')
    pass(98_000)
    progress.show(0.5, 250_000)
    expect(written()).toBe('Import 50 %, 250,000 rows, 2,500 rows/s, 1 min 40 s left\n')
    progress.show(1, 500_000)
    progress.show(1, 500_000)
    progress.stop()
    expect(written()).toBe('Import 100 %, 500,000 rows, 5,000 rows/s, in 1 min 40 s\n')
  })

  test('lets other lines pass as they are', () => {
    const { progress, written } = createProgress(false)
    progress.print('a line')
    expect(written()).toBe('a line\n')
  })
})

describe('progress on a terminal', () => {
  test('is a bar that is drawn anew, though not more often than the eye sees, and ends once', () => {
    const { progress, pass, written } = createProgress(true)
    pass(7_200_000)
    progress.show(0.25, 100)
    expect(written()).toBe('\r\u001b[KImport [#####---------------] 25 %, 100 rows, 0 rows/s, 6 h 0 min left')
    pass(50)
    progress.show(0.3, 120)
    expect(written()).toBe('')
    progress.show(1, 400)
    progress.show(1, 400)
    expect(written()).toBe('\r\u001b[KImport [####################] 100 %, 400 rows, 0 rows/s, in 2 h 0 min\n')
  })

  test('makes way for other lines', () => {
    const { progress, pass, written } = createProgress(true)
    pass(1_000)
    progress.show(0, 0)
    const drawn = 'Import [--------------------] 0 %, 0 rows, 0 rows/s, ? left'
    progress.print('a line')
    progress.stop()
    progress.print('the last')
    expect(written()).toBe(`\r\u001b[K${drawn}\r\u001b[Ka line\n${drawn}\nthe last\n`)
  })
})
