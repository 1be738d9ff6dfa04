import { BarkeepError, type HandlerContext, upstreamError } from '@barkeep/core'
import { listOf, readJson, recordOf, type UnknownRecord } from '../read-json.js'
import { forgetToken, tokenOf } from './account.js'
import { refuse } from './refuse.js'

/**
 * All rows of a dataset that fit a question: there are no pages. The token goes into a header, so that it is in no URL.
 * Throws what `refuse` throws; UPSTREAM_FAILED where a token from a login has run out, since the next try gets another.
 */
export async function askDataset(
  context: HandlerContext,
  dataset: string,
  query: Readonly<Record<string, string>> = {},
): Promise<readonly UnknownRecord[]> {
  const url = `https://api.finmindtrade.com/api/v4/data?${new URLSearchParams({ dataset, ...query })}`
  const answer = await askWithToken(context, url)
  const rows = listOf(answer.data, `'data' of FinMind's ${dataset}`)
  return rows.map((row) => recordOf(row, `A row of FinMind's ${dataset}`))
}

/** The JSON of a page that is no refusal. */
export async function askWithToken(context: HandlerContext, url: string): Promise<UnknownRecord> {
  const token = await tokenOf(context)
  const page = await context.fetch({
    url,
    ...(token !== undefined && { secretHeaders: { authorization: `Bearer ${token}` } }),
  })
  try {
    refuse(page, token === undefined ? {} : { secret: token })
  } catch (error) {
    const isRunOut =
      error instanceof BarkeepError && error.code === 'UPSTREAM_UNAUTHORIZED' && /token/i.test(error.message)
    if (isRunOut && (await forgetToken(context, token))) {
      throw upstreamError('UPSTREAM_FAILED', 'FinMind no longer takes the token of the login.', { cause: error })
    }
    throw error
  }
  return recordOf(readJson(page), 'The answer of FinMind')
}
