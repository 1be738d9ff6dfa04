import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { answerUntilException } from './answer-end.js'

const tag = 'abcdefghijklmnop'
const message = 'Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED) (version 25.11.1.1)\n'
const framed = `\r\n__exception__\r\n${tag}\r\n${message}${message.length} ${tag}\r\n__exception__\r\n`
const bare =
  'Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED) (version 24.3.1.1 (official build))\n'

async function* cut(bytes: Buffer, sizes: readonly number[], error?: Error): AsyncGenerator<Uint8Array> {
  let at = 0
  for (const size of sizes) {
    if (at < bytes.byteLength) yield bytes.subarray(at, at + size)
    at += size
  }
  if (at < bytes.byteLength) yield bytes.subarray(at)
  if (error !== undefined) throw error
}

async function read(chunks: AsyncIterable<Uint8Array>, announced: string | undefined) {
  const passed: Uint8Array[] = []
  try {
    for await (const chunk of answerUntilException(chunks, announced)) passed.push(chunk)
    return { passed: Buffer.concat(passed) }
  } catch (error) {
    return { passed: Buffer.concat(passed), error }
  }
}

const sizes = fc.array(fc.integer({ min: 1, max: 30_000 }), { maxLength: 20 })
const data = fc.uint8Array({ maxLength: 100_000 }).map((bytes) => Buffer.from(bytes))

describe('the end of an answer', () => {
  test('without an exception passes whole, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(data, sizes, fc.constantFrom(tag, undefined), async (bytes, cuts, announced) => {
        const { passed, error } = await read(cut(bytes, cuts), announced)
        expect([error, passed.equals(bytes)]).toEqual([undefined, true])
      }),
      { numRuns: 50 },
    )
  })

  test.each([
    ['framed', framed, tag],
    ['bare', bare, undefined],
  ])('with a %s exception throws it, and passes no byte of it, however it is cut', async (_, exception, announced) => {
    await fc.assert(
      fc.asyncProperty(data, sizes, fc.boolean(), async (bytes, cuts, breaksOff) => {
        const answer = Buffer.concat([bytes, Buffer.from(exception)])
        const broken = breaksOff ? new Error('aborted') : undefined
        const { passed, error } = await read(cut(answer, cuts, broken), announced)
        expect(error).toMatchObject({
          name: 'EngineError',
          engineCode: 241,
          reason: expect.stringMatching(/^Memory limit/),
        })
        expect(passed.byteLength).toBeLessThanOrEqual(bytes.byteLength)
        expect(passed.equals(bytes.subarray(0, passed.byteLength))).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  test('that breaks off without an exception throws what broke it', async () => {
    const { error } = await read(cut(Buffer.from('1,2\n'), [], new Error('aborted')), tag)
    expect(error).toEqual(new Error('aborted'))
  })

  test('may speak of exceptions as data', async () => {
    for (const text of [
      `"${framed}"\n`,
      '"__exception__"\r\n',
      `"${bare.trim()}", 1\n`,
      'Code: 1. DB::Exception: x\n',
    ]) {
      const bytes = Buffer.from(text)
      expect(await read(cut(bytes, []), 'anothertaganothe')).toEqual({ passed: bytes })
      if (!text.includes(framed)) expect(await read(cut(bytes, []), undefined)).toEqual({ passed: bytes })
    }
  })

  test('is let go when the reader leaves', async () => {
    let closed = false
    const endless = (async function* () {
      try {
        while (true) yield Buffer.alloc(100_000)
      } finally {
        closed = true
      }
    })()
    for await (const _ of answerUntilException(endless, tag)) break
    expect(closed).toBe(true)
  })
})
