import { type HandlerContext, type UpstreamPage, upstreamError } from '@barkeep/core'
import { isRecord, readJson, recordOf, textOf, type UnknownRecord } from '../read-json.js'
import { excerptOf, refusalOf } from '../refusal-of.js'

const base = 'https://api.fugle.tw/marketdata/v1.0/stock'

/**
 * The JSON of a question; undefined for a symbol that Fugle does not know. The key goes into a header, so that it is in no URL.
 * Throws UPSTREAM_UNAUTHORIZED for a key or a plan that does not do, and what `refusalOf` makes of other statuses.
 */
export async function ask(
  context: Pick<HandlerContext, 'fetch' | 'credential'>,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<UnknownRecord | undefined> {
  const page = await context.fetch({
    url: `${base}/${path}?${new URLSearchParams(query)}`,
    secretHeaders: { 'x-api-key': context.credential('api_key') },
  })
  // Only a body of its own says that it is the symbol; a wall or a mistaken address say 404 as well.
  if (page.status === 404 && isRefusal(page)) return undefined
  if (page.status !== 200) throw refused(page)
  return recordOf(readJson(page), 'The answer of Fugle')
}

/** What an answer with an error status means. */
export function refused(page: UpstreamPage): Error {
  // A plan that is too small refuses each task of its kind, which is no ban.
  if (page.status === 403 && isRefusal(page)) {
    return upstreamError('UPSTREAM_UNAUTHORIZED', `Fugle says 403: ${excerptOf(page.text())}`)
  }
  return refusalOf(page)
}

/** The exchange's code at Fugle is `market`, where TPEx is over the counter. */
export const markets: Readonly<Record<string, string>> = { TWSE: 'TSE', TPEX: 'OTC' }

/** Throws UPSTREAM_CHANGED where an answer is not about what was asked: nothing of it can be believed. */
export function expectAnswerOf(answer: UnknownRecord, asked: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(asked)) {
    if (textOf(answer[name]) === value) continue
    throw upstreamError(
      'UPSTREAM_CHANGED',
      `Fugle was asked for ${name} ${value}, but answers about ${textOf(answer[name]) || 'none'}.`,
    )
  }
}

function isRefusal(page: UpstreamPage): boolean {
  if (!page.text().trimStart().startsWith('{')) return false
  const told = readJson(page)
  return isRecord(told) && 'message' in told
}
