/** Minutes of a session, 09:00 to 13:29; the closing auction at 13:30:00 belongs to the last. */
export const MINUTES_PER_SESSION = 270

const OPENING_AUCTION = 5
const CLOSING_AUCTION = 8

/** How busy a minute is, 1 on average between the auctions: a U, high after the open and before the close. */
const activity = normalised(
  Array.from(
    { length: MINUTES_PER_SESSION },
    (_, minute) => 0.6 + 1.6 * Math.exp(-minute / 20) + 0.9 * Math.exp((minute - MINUTES_PER_SESSION + 1) / 15),
  ),
)

/** Trades of each minute relative to an ordinary one, auctions included. */
export const activityOfMinute = Float64Array.from(activity, (level, minute) => {
  if (minute === 0) return level * OPENING_AUCTION
  return minute === MINUTES_PER_SESSION - 1 ? level * CLOSING_AUCTION : level
})

/** Deviation of each minute's return where that of the whole session is 1: variance follows activity. */
export const volatilityOfMinute = Float64Array.from(activity, (level) => Math.sqrt(level / MINUTES_PER_SESSION))

function normalised(levels: readonly number[]): number[] {
  const mean = levels.reduce((sum, level) => sum + level, 0) / levels.length
  return levels.map((level) => level / mean)
}
