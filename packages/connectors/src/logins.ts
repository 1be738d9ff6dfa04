import type { HandlerContext } from '@barkeep/core'

const ACCOUNTS_MAX = 100

interface Login {
  readonly untilMs: number
  readonly token: Promise<string>
}

/** The tokens that an upstream's logins gave, in memory: each account logs in once, however many tasks ask at the same time. */
export interface Logins {
  /** The token of the account that a task asks with. Throws what `logIn` throws, and CREDENTIAL_MISSING. */
  tokenOf(context: HandlerContext): Promise<string>
  /** Forgets a token that the upstream no longer takes, unless another task logged in again meanwhile. */
  forget(context: HandlerContext, token: string): Promise<void>
}

/**
 * `credentials` are the names of those that make up an account. `logIn` asks for a token, with `isSecret` in its request;
 * without `livesMs` a token holds until it is forgotten. Give less than the upstream does: a request takes its time.
 * While archived pages are read again, nobody logs in, and the token is `-`.
 */
export function createLogins({
  credentials,
  livesMs = Number.POSITIVE_INFINITY,
  logIn,
}: {
  readonly credentials: readonly string[]
  readonly livesMs?: number
  logIn(context: HandlerContext): Promise<string>
}): Logins {
  const logins = new Map<string, Login>()
  const accountOf = (context: HandlerContext) => JSON.stringify(credentials.map((name) => context.credential(name)))
  return {
    async tokenOf(context) {
      if (context.isReadAgain === true) return '-'
      const account = accountOf(context)
      const known = logins.get(account)
      if (known !== undefined && known.untilMs > context.now()) return known.token
      if (logins.size >= ACCOUNTS_MAX) logins.clear()
      const login = { untilMs: context.now() + livesMs, token: logIn(context) }
      logins.set(account, login)
      // A login that failed must not be the answer for ever.
      login.token.catch(() => {
        if (logins.get(account) === login) logins.delete(account)
      })
      return login.token
    },
    async forget(context, token) {
      const account = accountOf(context)
      const login = logins.get(account)
      if (login === undefined) return
      const known = await login.token.catch(() => undefined)
      if (known === token && logins.get(account) === login) logins.delete(account)
    },
  }
}
