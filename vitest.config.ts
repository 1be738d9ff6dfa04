import { defineConfig } from 'vitest/config'

/** Tests run the TypeScript sources: the `source` condition of each package points there. */
const sources = { resolve: { conditions: ['source'] }, ssr: { resolve: { conditions: ['source'] } } }

export default defineConfig({
  test: {
    // chDB crashes in worker threads.
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        ...sources,
        extends: true,
        test: {
          name: 'units',
          include: ['packages/*/src/**/*.test.ts', 'testing/*/src/**/*.test.ts', 'bench/src/**/*.test.ts'],
          // Files share a process, which saves a third of the time; each puts away what it made.
          isolate: false,
        },
      },
      { ...sources, extends: true, test: { name: 'system', include: ['test/**/*.test.ts'] } },
    ],
    // Against hanging only: no test is about how fast the machine is.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 120_000 } },
  },
})
