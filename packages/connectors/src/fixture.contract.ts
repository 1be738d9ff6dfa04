import { readFileSync } from 'node:fs'

/** The text of a fixture next to a test: `fixture(import.meta.url, 'mis.json')`. */
export function fixture(testUrl: string, name: string): string {
  return readFileSync(new URL(`./fixtures/${name}`, testUrl), 'utf8')
}
