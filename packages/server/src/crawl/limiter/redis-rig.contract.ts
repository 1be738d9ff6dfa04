import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { admitScript } from './admit-script.js'
import type { LimiterRig } from './limiter-rig.contract.js'
import type { ScriptRunner } from './redis-ledger.js'
import { createRedisLimiter, type RedisLimiterOptions } from './redis-limiter.js'
import { SimulatedClock } from './simulated-clock.contract.js'

export interface RedisRig extends LimiterRig {
  readonly prefix: string
  limiter(options?: Partial<RedisLimiterOptions>): ReturnType<typeof createRedisLimiter>
  /** A limiter in a process that stops for ever, as after `kill -9`, when `die` is called. */
  mortal(options?: Partial<RedisLimiterOptions>): { limiter: ReturnType<typeof createRedisLimiter>; die(): void }
  /** Sets the clock of Redis so far off that of the processes. */
  shiftRedisClock(byMs: number): Promise<void>
}

/** A world in a real Redis whose time is simulated. Nothing in it is quiet unless `quietMsMax` says so. */
export async function openRedisRig(redis: Redis, defaults: Partial<RedisLimiterOptions> = {}): Promise<RedisRig> {
  const clock = new SimulatedClock(1_000_000)
  const prefix = `${randomUUID()}:`
  const timeKey = `time of ${prefix}`
  let shiftMs = 0
  let busy = 0
  const setTime = async () => {
    await redis.set(timeKey, String(Math.round((clock.now() + shiftMs) * 1_000)))
  }
  clock.onJump = setTime
  clock.isIdle = () => busy === 0
  await setTime()

  const simulatedTime = `(function()
    local t = tonumber(redis.call('GET', '${timeKey}'))
    return {math.floor(t / 1000000), t % 1000000}
  end)()`
  const script = admitScript.replace("redis.call('TIME')", () => simulatedTime)
  const counted = async <Result>(work: Promise<Result>) => {
    busy += 1
    try {
      return await work
    } finally {
      busy -= 1
    }
  }
  const runner: ScriptRunner = {
    eval: (text, count, ...rest) => counted(redis.eval(text, count, ...rest)),
    evalsha: (sha, count, ...rest) => counted(redis.evalsha(sha, count, ...rest)),
  }
  const limiter = (options: Partial<RedisLimiterOptions> = {}) =>
    createRedisLimiter({ redis: runner, clock, prefix, script, quietMsMax: 0, ...defaults, ...options })
  return {
    clock,
    prefix,
    limiter,
    mortal(options) {
      let dead = false
      const never = new Promise<never>(() => {})
      const untilDeath: ScriptRunner = {
        eval: (...rest) => (dead ? never : runner.eval(...rest)),
        evalsha: (...rest) => (dead ? never : runner.evalsha(...rest)),
      }
      return {
        limiter: limiter({ redis: untilDeath, ...options }),
        die: () => {
          dead = true
        },
      }
    },
    async shiftRedisClock(byMs) {
      shiftMs = byMs
      await setTime()
    },
  }
}
