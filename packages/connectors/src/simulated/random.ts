/** The next number of a stream, in `[0, 1)`. */
export type Random = () => number

/**
 * A stream of numbers that depends on nothing but its keys (mulberry32 over an FNV-1a hash):
 * each instrument has its own, so the others cannot shift it.
 */
export function createRandom(...keys: readonly (string | number)[]): Random {
  let state = hash(keys.join('|'))
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Nearly normal, mean 0, deviation 1, never beyond ±3: four uniform numbers cost less than a logarithm. */
export function nearlyNormal(random: Random): number {
  return (random() + random() + random() + random() - 2) * Math.sqrt(3)
}

function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  // FNV leaves neighbours near each other; one more round of mixing parts seed 1 from seed 2.
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  return value ^ (value >>> 13)
}
