/** The next number of a stream, in `[0, 1)`. */
export type Random = () => number

/** 32 bits that depend on the keys alone: the same keys give the same market on any machine. */
export function hashOf(...keys: readonly (string | number)[]): number {
  const text = keys.join('|')
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return scramble(value)
}

/** A number in `[0, 1)` that depends on the keys alone. */
export function fractionOf(...keys: readonly (string | number)[]): number {
  return hashOf(...keys) / 4_294_967_296
}

/** A whole number in `[min, max]` that depends on the keys alone. */
export function wholeOf(min: number, max: number, ...keys: readonly (string | number)[]): number {
  return min + Math.floor(fractionOf(...keys) * (max - min + 1))
}

/** A stream of numbers that starts anew from each hash. */
export function createRandom(hash: number): Random {
  let counter = hash
  return () => {
    counter = (counter + 0x9e3779b9) | 0
    return scramble(counter) / 4_294_967_296
  }
}

/** Mean 0, deviation 1, never beyond ±3. */
export function nearlyNormal(random: Random): number {
  return (random() + random() + random() + random() - 2) * Math.sqrt(3)
}

/**
 * A smooth curve through random heights in `[-1, 1]` at the whole numbers.
 * Any point of it costs the same, so a price of 2026 needs no walk from 2004.
 */
export function smoothNoise(hash: number, position: number): number {
  const left = Math.floor(position)
  const way = position - left
  const blend = way * way * (3 - 2 * way)
  return heightAt(hash, left) * (1 - blend) + heightAt(hash, left + 1) * blend
}

function heightAt(hash: number, lattice: number): number {
  return scramble(hash ^ Math.imul(lattice, 0x9e3779b1)) / 2_147_483_648 - 1
}

/** Neighbouring inputs give outputs that have nothing in common. */
function scramble(input: number): number {
  let value = Math.imul(input ^ (input >>> 16), 0x7feb352d)
  value = Math.imul(value ^ (value >>> 15), 0x846ca68b)
  return (value ^ (value >>> 16)) >>> 0
}
