const MS_PER_DAY = 86_400_000

/** For each day from the first of ascending dates to the one after the last: how many of them are before it. */
export function placesOf(dates: readonly number[]): number[] {
  const places: number[] = []
  const first = dates[0] ?? 0
  for (let day = first, place = 0; day <= (dates.at(-1) ?? 0) + 1; day++) {
    places.push(place)
    if (dates[place] === day) place += 1
  }
  return places
}

/** Days since the epoch. */
export function dayNumber(date: string): number {
  return Math.round(Date.parse(date) / MS_PER_DAY)
}

export function dateOfDay(day: number): string {
  return new Date(day * MS_PER_DAY).toISOString().slice(0, 10)
}
