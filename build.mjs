// Builds dist/ from src/ and mock-llm/ with esbuild: 25-60 ms, so that `npm run scenario` can afford to do it every time and is never stale.
// Where esbuild is absent (an install without it), it says so and exits 0: `prepare` must not break an install.
import { spawnSync } from 'node:child_process'
import { copyFileSync, rmSync } from 'node:fs'

const esbuild = await import('esbuild').catch(() => undefined)
if (esbuild === undefined) {
  console.error('build: esbuild is not installed, dist/ is left as it is')
  process.exit(0)
}
const common = { bundle: true, platform: 'node', target: 'node20', format: 'esm', packages: 'external', logLevel: 'warning', sourcemap: true }
const builds = [
  { ...common, entryPoints: { cli: 'src/cli.ts', bench: 'src/commands/bench.ts', 'control-gateway': 'src/stack/control/main.ts', 'matrix-lane': 'src/commands/matrix-lane-main.ts' }, splitting: true, outdir: 'dist', chunkNames: 'chunks/[name]-[hash]' },
  { ...common, entryPoints: { 'mock-llm': 'mock-llm/main.ts' }, outdir: 'dist' },
  { ...common, platform: 'neutral', entryPoints: { scenario: 'src/scenario/index.ts' }, outdir: 'dist' },
]
rmSync('dist/chunks', { recursive: true, force: true })
await Promise.all(builds.map((options) => esbuild.build(options)))
copyFileSync('src/stack/open-webui/open-webui-0.12.4.txt', 'dist/open-webui-0.12.4.txt')
if (process.argv.includes('--types')) {
  const flags = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--rootDir', 'src', '--outDir', 'dist/types', '--rewriteRelativeImportExtensions']
  const result = spawnSync('npx', ['tsc', '-p', 'tsconfig.types.json', ...flags], { stdio: 'inherit' })
  process.exit(result.status ?? 1)
}
