import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { ResourceLocks } from './etag-locks.js'

const forever = 1_000_000

test('who is alone is alone, whatever the order of coming and going', async () => {
  const modes = fc.array(fc.constantFrom('alone', 'shared'), { minLength: 1, maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(modes, fc.scheduler(), async (wanted, scheduler) => {
      const locks = new ResourceLocks(forever)
      const holding: string[] = []
      const work = wanted.map(async (mode) => {
        const release = await locks.acquire('birds', mode)
        holding.push(mode)
        expect(holding.includes('alone') ? holding.length : 1).toBe(1)
        await scheduler.schedule(Promise.resolve())
        holding.splice(holding.indexOf(mode), 1)
        release()
      })
      await scheduler.waitFor(Promise.all(work))
      expect(holding).toEqual([])
    }),
  )
})

test('other resources do not wait', async () => {
  const locks = new ResourceLocks(forever)
  await locks.acquire('birds', 'alone')
  await locks.acquire('devices', 'alone')
})

test('who waits too long is told so, and who came behind is served', async () => {
  vi.useFakeTimers()
  try {
    const locks = new ResourceLocks(1_000)
    await locks.acquire('birds', 'shared')
    const alone = expect(locks.acquire('birds', 'alone')).rejects.toMatchObject({
      code: 'LOCK_ACQUISITION_TIMEOUT',
      message: expect.stringContaining('api.lockMsMax = 1000'),
    })
    await vi.advanceTimersByTimeAsync(500)
    const behind = locks.acquire('birds', 'shared')
    await vi.advanceTimersByTimeAsync(500)
    await alone
    expect(await behind).toBeTypeOf('function')
  } finally {
    vi.useRealTimers()
  }
})

test('releasing twice counts once', async () => {
  const locks = new ResourceLocks(forever)
  const release = await locks.acquire('birds', 'shared')
  await locks.acquire('birds', 'shared')
  release()
  release()
  let isGranted = false
  void locks.acquire('birds', 'alone').then(() => {
    isGranted = true
  })
  await Promise.resolve()
  expect(isGranted).toBe(false)
})
