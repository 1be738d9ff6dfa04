import { expect, test } from 'vitest'
import { fakeContext } from './fake-context.contract.js'
import { createLogins } from './logins.js'

const LIVES_MS = 60_000
const start = '2024-06-01T00:00:00Z'

/** Each login gives another token, `t1`, `t2`, …; one with the password `wrong` fails. */
function open() {
  const asked: string[] = []
  const logins = createLogins({
    credentials: ['user'],
    livesMs: LIVES_MS,
    async logIn(context) {
      const token = `t${asked.push(context.credential('user'))}`
      await Promise.resolve()
      if (context.credential('password') === 'wrong') throw new Error('refused')
      return token
    },
  })
  const contextOf = (user: string, { atMs = 0, password = 'right' } = {}) =>
    fakeContext({ now: new Date(Date.parse(start) + atMs).toISOString(), credentials: { user, password } })
  return { asked, logins, contextOf }
}

test('tasks that ask at the same time share one login, and each account has its own', async () => {
  const { asked, logins, contextOf } = open()
  const tokens = await Promise.all(['ann', 'ann', 'bob', 'ann'].map((user) => logins.tokenOf(contextOf(user))))
  expect(asked).toEqual(['ann', 'bob'])
  expect(new Set([tokens[0], tokens[1], tokens[3]]).size).toBe(1)
  expect(tokens[2]).not.toBe(tokens[0])
})

test('a token holds for as long as it lives, and not a moment longer', async () => {
  const { logins, contextOf } = open()
  expect(await logins.tokenOf(contextOf('ann'))).toBe('t1')
  expect(await logins.tokenOf(contextOf('ann', { atMs: LIVES_MS - 1 }))).toBe('t1')
  expect(await logins.tokenOf(contextOf('ann', { atMs: LIVES_MS }))).toBe('t2')
})

test('a token that is refused is forgotten once, however many tasks were refused with it', async () => {
  const { asked, logins, contextOf } = open()
  const context = contextOf('ann')
  expect(await logins.tokenOf(context)).toBe('t1')
  await logins.forget(context, 't1')
  expect(await logins.tokenOf(context)).toBe('t2')
  // Another task was refused with the same token, and hears of it only now.
  await logins.forget(context, 't1')
  expect(await logins.tokenOf(context)).toBe('t2')
  expect(asked).toHaveLength(2)
})

test('a login that failed is tried again', async () => {
  const { logins, contextOf } = open()
  await expect(logins.tokenOf(contextOf('ann', { password: 'wrong' }))).rejects.toThrow('refused')
  expect(await logins.tokenOf(contextOf('ann'))).toBe('t2')
})

test('while archived pages are read again nobody logs in', async () => {
  const { asked, logins, contextOf } = open()
  expect(await logins.tokenOf({ ...contextOf('ann'), isReadAgain: true })).toBe('-')
  expect(asked).toEqual([])
})
