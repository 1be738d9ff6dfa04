/**
 * The known name that a misspelt one most likely meant, by edit distance;
 * undefined when none is near enough to be a likely slip (more than a third of the letters differ, two in a short name).
 */
export function nearestName(wanted: string, known: Iterable<string>): string | undefined {
  const lower = wanted.toLowerCase().slice(0, 64)
  let best: string | undefined
  // Two swapped letters count as two changes, so short names are given that much.
  let bestDistance = Math.max(lower.length < 4 ? 1 : 2, Math.floor(lower.length / 3)) + 1
  for (const name of known) {
    const distance = editDistance(lower, name.toLowerCase())
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const substituted = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(substituted, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
