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
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
