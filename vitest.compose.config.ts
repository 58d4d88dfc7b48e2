import { defineConfig } from 'vitest/config'

/** `npm run test:compose`: docker-compose.test.yaml as Docker reads it. It takes Go, and half a minute where nothing of it is built. */
export default defineConfig({
  resolve: { conditions: ['first-token-source'] },
  ssr: { resolve: { conditions: ['first-token-source'] } },
  test: { include: ['test/compose/**/*.test.ts'], passWithNoTests: false, testTimeout: 60_000, hookTimeout: 600_000 },
})
