import { type HandlerContext, upstreamError } from '@barkeep/core'
import { isRecord, readJson, recordOf, textOf, type UnknownRecord } from '../read-json.js'
import { excerptOf, refusalOf } from '../refusal-of.js'

/** The allowance is counted by the day. */
const ALLOWANCE_PAUSE_MS = 86_400_000

/** What a refusal says, since its status is not known: the words are guessed at, and anything else is a plain refusal. */
const refusals = [
  { says: /limit|quota|too many/i, code: 'UPSTREAM_RATE_LIMITED', afterMs: ALLOWANCE_PAUSE_MS },
  { says: /api[ _]?(token|key)|unauthorized|invalid token/i, code: 'UPSTREAM_UNAUTHORIZED', afterMs: undefined },
] as const

/**
 * Asks a path of the API with the token, which stays out of the URL that is logged and of every message.
 * Throws UPSTREAM_RATE_LIMITED, UPSTREAM_UNAUTHORIZED, UPSTREAM_REFUSED for a body that is a message and no data, and what
 * `refusalOf` makes of an error status.
 */
export async function ask(
  context: HandlerContext,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<UnknownRecord> {
  const token = context.credential('token')
  const page = await context.fetch({
    url: `https://api.worldtradingdata.com/api/v1/${path}?${new URLSearchParams(query)}`,
    secretParams: { api_token: token },
  })
  const told = page.text().startsWith('{') ? readJson(page) : undefined
  const said = isRecord(told) && !isData(told) ? textOf(told.Message) || textOf(told.message) : ''
  if (said !== '') {
    const words = excerptOf(said.replaceAll(token, '[token]'))
    const { code, afterMs } = refusals.find(({ says }) => says.test(said)) ?? { code: 'UPSTREAM_REFUSED' as const }
    throw upstreamError(code, `World Trading Data says: ${words}`, afterMs === undefined ? {} : { afterMs })
  }
  if (page.status !== 200) throw refusalOf(page)
  return recordOf(told ?? readJson(page), 'The answer of World Trading Data')
}

/** The demonstration token puts a `message` beside the data; without data it is a refusal. */
function isData(answer: UnknownRecord): boolean {
  return 'data' in answer || 'history' in answer
}
