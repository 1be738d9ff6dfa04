import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSpool } from './spool.js'

let directory: string

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'barkeep-spool-')), 'spool')
})

afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }))

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

describe('the spool', () => {
  test('writes a body down as it came, and forgets it', async () => {
    const file = await openSpool(directory).take(chunks('one ', 'two ', '三'), 11)
    expect([file.bytes, readFileSync(file.path, 'utf8')]).toEqual([11, 'one two 三'])
    await file.dispose()
    await file.dispose()
    expect(existsSync(file.path)).toBe(false)
  })

  test('keeps nothing of a body that is too large by one byte, and stops reading it', async () => {
    let left = false
    const body = (async function* () {
      try {
        while (true) yield Buffer.from('123456')
      } finally {
        left = true
      }
    })()
    await expect(openSpool(directory).take(body, 11)).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' })
    expect([left, readdirSync(directory)]).toEqual([true, []])
  })

  test('keeps nothing of a body that breaks off', async () => {
    const body = (async function* () {
      yield Buffer.from('half')
      throw new Error('the line is dead')
    })()
    await expect(openSpool(directory).take(body, 100)).rejects.toThrow('the line is dead')
    expect(readdirSync(directory)).toEqual([])
  })

  test('deletes what an earlier process left', () => {
    mkdirSync(directory)
    writeFileSync(join(directory, 'left'), 'x')
    openSpool(directory)
    expect(readdirSync(directory)).toEqual([])
  })

  test('says what to look at when its directory is gone', async () => {
    const spool = openSpool(directory)
    rmSync(directory, { recursive: true })
    await expect(spool.take(chunks('x'), 10)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('space left'),
    })
  })
})
