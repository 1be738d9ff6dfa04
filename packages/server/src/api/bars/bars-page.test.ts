import fc from 'fast-check'
import { expect, test } from 'vitest'
import { barsPage } from './bars-page.js'
import { writeCursor } from './bars-request.js'

const FIRST_SECONDS = 1_763_600_400

/** Bars of instruments that are numbered 0, 1, …, a minute each. */
function barLine(at: number): string {
  const ts = new Date((FIRST_SECONDS + at * 60) * 1_000).toISOString().replace('.000', '')
  return `{"instrument":"SIM:${at}","ts":"${ts}","close":${at}.5}\n`
}
const idOf = (instrument: string) => Number(instrument.slice('SIM:'.length))

/** What a page of `limit` makes of bars that come in chunks of these lengths, the rest in one. */
async function read(limit: number, bars: number, lengths: readonly number[]) {
  const bytes = Buffer.from(Array.from({ length: bars }, (_, at) => barLine(at)).join(''))
  const page = barsPage(limit, idOf)
  let text = ''
  for await (const chunk of page.cut(cut(bytes, lengths))) {
    text += Buffer.from(chunk).toString()
    // As a writer of JSON does.
    chunk.fill(0x2c)
  }
  return { text, next: await page.nextCursor() }
}

async function* cut(bytes: Uint8Array, lengths: readonly number[]) {
  let from = 0
  for (const length of [...lengths, bytes.byteLength]) {
    if (from < bytes.byteLength) yield bytes.slice(from, from + length)
    from += length
  }
}

test('a page has its first bars and ends where the next begins, however the bytes are cut', () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 0, max: 1 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 12 }),
      async (limit, more, lengths) => {
        const { text, next } = await read(limit, limit + more, lengths)
        expect(text).toBe(Array.from({ length: limit }, (_, at) => barLine(at)).join(''))
        expect(next).toBe(more === 0 ? null : writeCursor(limit - 1, FIRST_SECONDS + (limit - 1) * 60))
      },
    ),
  ))

test('a page that is not full, and one without bars, is the last', async () => {
  expect(await read(5, 3, [])).toEqual({ text: [0, 1, 2].map(barLine).join(''), next: null })
  expect(await read(5, 0, [])).toEqual({ text: '', next: null })
})
