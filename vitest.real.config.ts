import { mergeConfig, type ViteUserConfig } from 'vitest/config'
import usual from './vitest.config.ts'

/** Tests in front of the real thing: slow, and each needs something on this machine. One after another, for they would be measured beside each other. */
const real: ViteUserConfig = { ...mergeConfig(usual, { test: { testTimeout: 600_000, hookTimeout: 600_000, fileParallelism: false } }) }
real.test = { ...real.test, include: ['test/real/**/*.test.ts'], exclude: ['**/node_modules/**'] }

export default real
