import { readdir, readFile } from 'node:fs/promises'
import { BarkeepError } from '@barkeep/core'
import { EngineError, type Store } from './store.js'

const directory = new URL('../../migrations/', import.meta.url)

/**
 * Brings the store to the newest schema. Each numbered file runs once, in order; `every-start.sql` runs each time.
 * Statements may be repeated safely. Throws STORE_UNAVAILABLE when the engine refuses one, such as for want of a grant.
 */
export async function migrate(store: Store): Promise<void> {
  try {
    await runMigrations(store)
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause
    throw new BarkeepError('STORE_UNAVAILABLE', {
      message: `The tables of the store cannot be made: ${cause.reason}`,
      cause,
    })
  }
}

async function runMigrations(store: Store): Promise<void> {
  await store.command(
    'CREATE TABLE IF NOT EXISTS migrations (name String, at DateTime) ENGINE = MergeTree ORDER BY name',
  )
  const done = new Set((await store.rows<{ name: string }>('SELECT name FROM migrations')).map(({ name }) => name))
  for (const name of (await readdir(directory)).filter((file) => /^\d+-.*\.sql$/.test(file)).sort()) {
    if (done.has(name)) continue
    for (const statement of await statementsOf(name)) await store.command(statement)
    await store.command('INSERT INTO migrations SELECT {name:String}, now()', { name })
  }
  const { database, credentials } = store.itself
  for (const statement of await statementsOf('every-start.sql')) {
    await store.command(
      statement.replaceAll('{database}', () => database).replaceAll('{credentials}', () => credentials),
    )
  }
}

async function statementsOf(name: string): Promise<string[]> {
  const sql = (await readFile(new URL(name, directory), 'utf8')).replaceAll(/^\s*--.*$/gm, '')
  return sql.split(';').filter((statement) => statement.trim() !== '')
}
