import { BarkeepError, type HandlerContext, upstreamError } from '@barkeep/core'
import { readJson, recordOf, textOf } from '../read-json.js'
import { refuse } from './refuse.js'

/** Tokens that were got with a password, by account. A token outlives a process, so nothing is lost with it. */
const tokens = new Map<string, Promise<string>>()
const ACCOUNTS_MAX = 100

/**
 * The token to ask with: the one that is configured or, with an account and its password, the one that the login gives,
 * which is asked for once. Undefined where there is neither: FinMind then lets half as much through.
 * Throws UPSTREAM_UNAUTHORIZED when the login is refused, and what `refuse` throws.
 */
export async function tokenOf(context: HandlerContext): Promise<string | undefined> {
  const token = credentialOf(context, 'token')
  if (token !== undefined) return token
  const account = accountOf(context)
  if (account === undefined) return undefined
  const known = tokens.get(account.key)
  if (known !== undefined) return known
  if (tokens.size >= ACCOUNTS_MAX) tokens.clear()
  const asked = logIn(context, account)
  tokens.set(account.key, asked)
  // A login that failed must not be the answer for ever.
  asked.catch(() => tokens.delete(account.key))
  return asked
}

/** Forgets a token that FinMind no longer takes. True where the next try gets another one by the password. */
export function forgetToken(context: HandlerContext): boolean {
  if (credentialOf(context, 'token') !== undefined) return false
  const account = accountOf(context)
  return account !== undefined && tokens.delete(account.key)
}

interface Account {
  readonly user: string
  readonly password: string
  readonly key: string
}

async function logIn(context: HandlerContext, { user, password }: Account): Promise<string> {
  const page = await context.fetch({
    url: 'https://api.finmindtrade.com/api/v4/login',
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: String(new URLSearchParams({ user_id: user, password })),
    isSecret: true,
  })
  refuse(page, { secret: password, refusedAs: 'UPSTREAM_UNAUTHORIZED' })
  const token = textOf(recordOf(readJson(page), 'The answer of FinMind to a login').token)
  if (token === '') throw upstreamError('UPSTREAM_CHANGED', 'FinMind answers a login without a token.')
  return token
}

function accountOf(context: HandlerContext): Account | undefined {
  const [user, password] = [credentialOf(context, 'user_id'), credentialOf(context, 'password')]
  if (user === undefined || password === undefined) return undefined
  return { user, password, key: JSON.stringify([user, password]) }
}

/** A credential that may be missing. */
function credentialOf(context: HandlerContext, name: string): string | undefined {
  try {
    return context.credential(name)
  } catch (error) {
    if (error instanceof BarkeepError && error.code === 'CREDENTIAL_MISSING') return undefined
    throw error
  }
}
