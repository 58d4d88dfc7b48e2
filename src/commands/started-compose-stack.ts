import { existsSync } from 'node:fs'
import { UsageError } from '../errors.ts'
import { startComposeStack } from '../stack/compose/compose-stack.ts'
import type { EnvironmentChange } from '../stack/compose/override.ts'
import { changeMockSettings } from './mock-settings.ts'
import { composeFile, processFiles } from './package-files.ts'
import { type Access, signIn } from './sign-in.ts'
import { type StackRequest, stackTargets } from './stack-request.ts'
import type { StackStart, StartedStack } from './started-stack.ts'

/** The name under which our mock offers its model. */
const model = 'mock'

/**
 * Starts docker-compose.test.yaml through the Docker CLI and signs in on each side.
 * @throws {UsageError} where Docker is not there, or what is asked for cannot be had in containers.
 */
export async function startedComposeStack(request: StackRequest, { note, signal }: StackStart): Promise<StartedStack> {
  const file = composeFile()
  if (request.modelServer !== 'mock') throw new UsageError({ what: `--model-server ${request.modelServer}: the Ollama of the compose file has no model to begin with.`, fix: 'Take --stack open-webui --model-server ollama, or start it by hand as docker-compose.test.yaml says.' })
  if (!existsSync(processFiles().mock)) throw new UsageError({ what: 'The image of the mock is made of dist/mock-llm.js, which is not there.', fix: 'Run npm run build.' })
  const access = new Map<string, Access>()
  const stack = await startComposeStack({
    file, note, signal, profiles: request.profiles, changes: changesOf(request.environment), environment: process.env,
    onUp: async ({ name, url }, who) => {
      access.set(name, { headers: { authorization: `Bearer ${await signIn(url, who, undefined)}` }, trust: undefined })
    },
  })
  try {
    await changeMockSettings(stack.mock.url, request.mockSettings)
  } catch (error) {
    await stack.down()
    throw error
  }
  const targets = stackTargets(request).map((target) => {
    const side = stack.sides.find(({ name }) => name === target.side)
    return { ...target, url: side?.url ?? '', profile: target.side, settings: { ...side?.settings }, ...(side === undefined ? {} : { container: side.container }) }
  })
  return { targets, access, models: new Map(targets.map(({ side }) => [side, model])), mockUrl: stack.mock.url, modelUrl: `${stack.mock.url}/v1`, bring: stack.bring, died: stack.died, down: () => stack.down() }
}

const changesOf = (environment: StackRequest['environment']): EnvironmentChange[] => Object.entries(environment).map(([key, value]) => {
  const colon = key.indexOf(':')
  return { side: colon === -1 ? undefined : key.slice(0, colon), name: key.slice(colon + 1), value }
})
