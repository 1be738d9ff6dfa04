import { describe, expect, test } from 'vitest'
import { limiterContract } from './limiter.contract.js'
import { ninePerSecond } from './limiter-rig.contract.js'
import { createMemoryLimiter } from './memory-limiter.js'
import { SimulatedClock } from './simulated-clock.contract.js'

/** So old is the process in these tests that nothing is quiet any more. */
const processAgeMs = 1_000_000

limiterContract({
  name: 'the limiter in this process',
  histories: 300,
  async openRig() {
    const clock = new SimulatedClock(processAgeMs)
    let only: ReturnType<typeof createMemoryLimiter> | undefined
    return {
      clock,
      limiter(options = {}) {
        only ??= createMemoryLimiter({ clock, ...options })
        return only
      },
    }
  },
})

describe('a process that was just started', () => {
  test('waits one window, because the one before it may have sent something in its last moment', async () => {
    const clock = new SimulatedClock(300)
    await clock.run(createMemoryLimiter({ clock }).acquire([ninePerSecond]))
    expect(clock.now()).toBeGreaterThan(1_000)
    expect(clock.now()).toBeLessThan(1_010)
  })

  test('does not wait for windows above quietMsMax', async () => {
    const clock = new SimulatedClock(300)
    const limiter = createMemoryLimiter({ clock, quietMsMax: 60_000 })
    await clock.run(limiter.acquire([{ key: 'day', requests: 5, perMs: 86_400_000 }]))
    expect(clock.now()).toBe(300)
  })
})
