import { formatInstant, type Handler } from '@barkeep/core'
import { usageDataset } from './datasets.js'
import { askUsage, requireQuota } from './quota.js'

export type UsageParams = {
  /** Milliseconds since the epoch. */
  readonly askedMs: number
}

/**
 * How many bytes of the day are used, a row of `shioaji_usage`; where nothing is left, the connector waits for the next day.
 * Throws UPSTREAM_RATE_LIMITED, and what `minuteBars` throws. Source: Shioaji usage, our notes on upstreams, 5.
 */
export const usage: Handler<UsageParams> = async (task, context) => {
  const { connections, bytes, limitBytes, remainingBytes } = await askUsage(context)
  if (remainingBytes <= 0) await requireQuota(context)
  const row = { asked: formatInstant(context.now()), connections, bytes, limit_bytes: limitBytes }
  return { task, data: { rows: [{ dataset: usageDataset, rows: [row] }], covers: [] }, nextTasks: [] }
}
