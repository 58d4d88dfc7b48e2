import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

/** The mock, the gateway and the starter of side processes, bundled with all they import: what `npm run build` makes, fresh, for a test of its own. */
export interface BuiltProcesses {
  readonly mock: string
  readonly gateway: string
  readonly starter: string
  readonly folder: string
  remove(): Promise<void>
}

export async function builtProcesses(): Promise<BuiltProcesses> {
  const root = path.join(import.meta.dirname, '../../../..')
  const folder = await mkdtemp(path.join(tmpdir(), 'first-token-processes-'))
  const entries = ['mock=mock-llm/main.ts', 'gateway=src/stack/control/main.ts', 'starter=src/stack/side-process.ts']
  const flags = ['--bundle', '--platform=node', '--target=node20', '--format=esm', '--log-level=warning', '--out-extension:.js=.mjs', `--outdir=${folder}`]
  await promisify(execFile)(path.join(root, 'node_modules/.bin/esbuild'), [...entries, ...flags], { cwd: root })
  const file = (name: string): string => path.join(folder, `${name}.mjs`)
  return { mock: file('mock'), gateway: file('gateway'), starter: file('starter'), folder, remove: () => rm(folder, { recursive: true }) }
}
