import { readdir, readFile } from 'node:fs/promises'
import type { Store } from './store.js'

const directory = new URL('../../migrations/', import.meta.url)

/** Brings the store to the newest schema. Each numbered file runs once, in order; statements may be repeated safely. */
export async function migrate(store: Store): Promise<void> {
  await store.command(
    'CREATE TABLE IF NOT EXISTS migrations (name String, at DateTime) ENGINE = MergeTree ORDER BY name',
  )
  const done = new Set((await store.rows<{ name: string }>('SELECT name FROM migrations')).map(({ name }) => name))
  for (const name of (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort()) {
    if (done.has(name)) continue
    const sql = (await readFile(new URL(name, directory), 'utf8')).replaceAll(/^--.*$/gm, '')
    for (const statement of sql.split(';')) {
      if (statement.trim() !== '') await store.command(statement)
    }
    await store.command('INSERT INTO migrations SELECT {name:String}, now()', { name })
  }
}
