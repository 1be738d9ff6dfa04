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
})
