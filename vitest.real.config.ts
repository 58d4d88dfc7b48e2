import { defineConfig } from 'vitest/config'

/** `npm run test:real`: what only the real systems can show. One file after another, for each of them needs the machine. */
export default defineConfig({
  resolve: { conditions: ['first-token-source'] },
  ssr: { resolve: { conditions: ['first-token-source'] } },
  test: {
    include: ['test/real/**/*.test.ts'],
    globalSetup: ['test/real/capabilities.ts'],
    reporters: ['default', './test/real/count.ts'],
    passWithNoTests: false,
    fileParallelism: false,
    sequence: { concurrent: false },
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
})
