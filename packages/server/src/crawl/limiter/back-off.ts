/** How often the mode `attempt` asks before it gives up. */
export const attemptsMax = 20

const firstDelaysMs = [100, 400, 800, 1_300]
const laterDelayMs = 2_000

/** How long the mode `attempt` sleeps after its denied attempt number `attempt` (from 1), in milliseconds. */
export function backOffMs(attempt: number): number {
  return firstDelaysMs[attempt - 1] ?? laterDelayMs
}
