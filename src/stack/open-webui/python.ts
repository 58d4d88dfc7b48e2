import { spawnSync } from 'node:child_process'
import { z } from 'zod'
import type { Problem } from '../../errors.ts'

/** An interpreter that Open WebUI 0.12 runs on. */
export interface Python {
  readonly executable: string
  readonly version: string
}

/** The pinned packages were measured with 3.11. */
const names = ['python3.11', 'python3.12', 'python3'] as const
const question = `import json, sys
def can(name):
    try:
        __import__(name)
        return True
    except ImportError:
        return False
print(json.dumps({'executable': sys.executable, 'version': '.'.join(map(str, sys.version_info[:3])), 'venv': can('venv') and can('ensurepip')}))`
const answer = z.object({ executable: z.string(), version: z.string(), venv: z.boolean() })

/** The first Python 3.11 or 3.12 on the path that can make venvs; or what is missing, with the command that mends it. */
export function findPython(path: string, candidates: readonly string[] = names): Python | Problem {
  const found = candidates.flatMap((name) => asked(name, path))
  const fitting = found.filter(({ version }) => /^3\.1[12]\./.test(version))
  const [able] = fitting.filter(({ venv }) => venv)
  if (able !== undefined) return { executable: able.executable, version: able.version }
  const [unable] = fitting
  if (unable !== undefined) return { what: `Python ${unable.version} (${unable.executable}) cannot make a venv: its venv or ensurepip module is missing.`, fix: install('python3-venv', 'python@3.12') }
  const seen = found.map(({ version }) => version)
  return { what: seen.length === 0 ? 'Open WebUI needs Python 3.11 or 3.12, and there is no python3 on the PATH.' : `Open WebUI needs Python 3.11 or 3.12, and there is only ${[...new Set(seen)].join(', ')}.`, fix: install('python3.11 python3.11-venv', 'python@3.12') }
}

/** How a package is installed by whoever runs this. */
export const install = (debian: string, homebrew: string): string => (process.platform === 'darwin' ? `Install it: brew install ${homebrew}` : `Install it: sudo apt-get install ${debian}`)

function asked(name: string, path: string): z.infer<typeof answer>[] {
  const { status, stdout } = spawnSync(name, ['-I', '-c', question], { encoding: 'utf8', env: { PATH: path }, timeout: 20_000 })
  if (status !== 0) return []
  const parsed = answer.safeParse(JSON.parse(stdout))
  return parsed.success ? [parsed.data] : []
}
