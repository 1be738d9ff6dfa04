import { describe, expect, test } from 'vitest'
import { SessionPool } from './session-pool.js'

describe('a pool of sessions', () => {
  test('whoever waits longest is served first', async () => {
    const pool = new SessionPool(['only'])
    const held = await pool.acquire()
    const served: string[] = []
    const waiting = ['first', 'second', 'third'].map(async (name) => {
      const session = await pool.acquire()
      served.push(name)
      pool.release(session)
    })
    expect(served).toEqual([])
    pool.release(held)
    await Promise.all(waiting)
    expect(served).toEqual(['first', 'second', 'third'])
  })

  test('a session is never lent to two at once', async () => {
    const pool = new SessionPool([0, 1, 2])
    const lent = new Set<number>()
    let most = 0
    const work = async (session: number) => {
      expect(lent.has(session)).toBe(false)
      lent.add(session)
      most = Math.max(most, lent.size)
      await Promise.resolve()
      lent.delete(session)
    }
    await Promise.all(Array.from({ length: 20 }, () => pool.use(work)))
    expect(most).toBe(3)
  })

  test('work that fails gives its session back', async () => {
    const pool = new SessionPool(['only'])
    const failing = pool.use(() => Promise.reject(new Error('refused')))
    await expect(failing).rejects.toThrow('refused')
    expect(await pool.use(async (session) => session)).toBe('only')
  })

  test('who gives up waiting gets no session, and the next one does', async () => {
    const pool = new SessionPool(['only'])
    const held = await pool.acquire()
    const controller = new AbortController()
    const gone = pool.acquire(controller.signal)
    const next = pool.acquire()
    controller.abort(new Error('gone'))
    await expect(gone).rejects.toThrow('gone')
    pool.release(held)
    expect(await next).toBe('only')
    await expect(pool.acquire(AbortSignal.abort(new Error('gone before')))).rejects.toThrow('gone before')
  })

  test('closing lends no more, serves those who wait, and gives all sessions back', async () => {
    const pool = new SessionPool(['first', 'second'])
    const held = [await pool.acquire(), await pool.acquire()]
    const waiting = pool.acquire()
    let closed: readonly string[] | undefined
    const closing = pool.close().then((sessions) => {
      closed = sessions
    })
    await expect(pool.acquire()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    for (const session of held) pool.release(session)
    const last = await waiting
    expect(closed).toBeUndefined()
    pool.release(last)
    await closing
    expect([...(closed ?? [])].sort()).toEqual(['first', 'second'])
    expect(await pool.close()).toEqual([])
  })
})
