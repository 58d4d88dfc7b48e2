import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['first-token-source'] },
  ssr: { resolve: { conditions: ['first-token-source'] } },
  test: {
    include: ['{src,mock-llm,test,scenarios}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/shows/**', 'test/fixtures/**'],
    passWithNoTests: false,
    testTimeout: 30_000,
  },
})
