import { defineConfig } from 'vitest/config'

// Tests run the TypeScript sources: the `source` condition of each package points there.
// chDB crashes in worker threads, so every test file gets a process of its own.
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    pool: 'forks',
    include: [
      'packages/*/src/**/*.test.ts',
      'testing/*/src/**/*.test.ts',
      'bench/src/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    // Against hanging only: no test is about how fast the machine is.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 120_000 } },
    maxWorkers: 2,
  },
})
