import { BarkeepError, type HandlerContext, upstreamError } from '@barkeep/core'
import { createLogins } from '../logins.js'
import { readJson, recordOf, textOf } from '../read-json.js'
import { refuse } from './refuse.js'

/** A token outlives a process, so nothing is lost with it. */
const logins = createLogins({ credentials: ['user_id', 'password'], logIn })

/**
 * The token to ask with: the one that is configured or, with an account and its password, the one that the login gives,
 * which is asked for once. Undefined where there is neither: FinMind then lets half as much through.
 * Throws UPSTREAM_UNAUTHORIZED when the login is refused, and what `refuse` throws.
 */
export async function tokenOf(context: HandlerContext): Promise<string | undefined> {
  const token = credentialOf(context, 'token')
  if (token !== undefined) return token
  return hasAccount(context) ? logins.tokenOf(context) : undefined
}

/** Forgets a token that FinMind no longer takes. True where the next try gets another one by the password. */
export async function forgetToken(context: HandlerContext, token: string | undefined): Promise<boolean> {
  if (token === undefined || credentialOf(context, 'token') !== undefined) return false
  await logins.forget(context, token)
  return true
}

async function logIn(context: HandlerContext): Promise<string> {
  const [user, password] = [context.credential('user_id'), context.credential('password')]
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

function hasAccount(context: HandlerContext): boolean {
  return ['user_id', 'password'].every((name) => credentialOf(context, name) !== undefined)
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
