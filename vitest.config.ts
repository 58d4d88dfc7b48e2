import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['first-token-source'] },
  ssr: { resolve: { conditions: ['first-token-source'] } },
  test: {
    include: ['{src,mock-llm,test,scenarios}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/shows/**', 'test/real/**', 'test/compose/**', 'test/fixtures/**'],
    passWithNoTests: false,
    // Much of the time a test waits; vitest's own choice on two cores is one worker.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Of tests that start programs and wait for them; with more at once on a slow machine a program is not up within its ten seconds.
    maxConcurrency: 3,
    testTimeout: 30_000,
  },
})
