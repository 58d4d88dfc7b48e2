import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the installed package: where `scenarios/`, `dist/` and package.json are, whichever chunk of the bundle asks. */
function packageFolder(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url))
  while (!existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder)
    if (parent === folder) throw new Error('the package.json of first-token was not found above its own code')
    folder = parent
  }
  return folder
}

export const scenariosFolder = (): string => path.join(packageFolder(), 'scenarios')

/** The entry points of the processes that a run starts beside itself. */
export function processFiles(): { readonly mock: string; readonly gateway: string; readonly lane: string } {
  const dist = path.join(packageFolder(), 'dist')
  return { mock: path.join(dist, 'mock-llm.js'), gateway: path.join(dist, 'control-gateway.js'), lane: path.join(dist, 'matrix-lane.js') }
}

/** The packages of Open WebUI, in the one version that it is started in. */
export function openWebUiRequirements(): string {
  const name = 'open-webui-0.12.4.txt'
  const built = path.join(packageFolder(), 'dist', name)
  return existsSync(built) ? built : path.join(packageFolder(), 'src/stack/open-webui', name)
}

/** The real stack in containers. */
export const composeFile = (): string => path.join(packageFolder(), 'docker-compose.test.yaml')

export function packageVersion(): string {
  const json: unknown = JSON.parse(readFileSync(path.join(packageFolder(), 'package.json'), 'utf8'))
  return typeof json === 'object' && json !== null && 'version' in json && typeof json.version === 'string' ? json.version : '0.0.0'
}
