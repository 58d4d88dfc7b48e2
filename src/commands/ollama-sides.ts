import { startOllamaStack } from '../stack/ollama/stack.ts'
import { profileInRun, type StackRequest, stackTargets } from './stack-request.ts'
import type { StackStart, StartedStack } from './started-stack.ts'

/** Real Ollamas, one a profile. They are spoken to directly: there is no mock behind a model server, and nothing to go past. */
export async function startOllamaSides(request: StackRequest, { note, signal, firstPort }: StackStart): Promise<StartedStack> {
  const stack = await startOllamaStack({ profiles: request.profiles, changes: request.environment, environment: process.env, firstPort, note, signal })
  const sideOf = (name: string) => stack.sides.find((side) => side.name === name)
  return {
    targets: stackTargets(request).map((target) => {
      const side = sideOf(target.side)
      return side === undefined ? target : { ...target, url: side.url, profile: profileInRun(request, side.profile), settings: side.settings, tokensPerSecond: side.tokensPerSecond }
    }),
    access: new Map(),
    models: new Map(stack.sides.map(({ name, model }) => [name, model])),
    mockUrl: undefined,
    modelUrl: undefined,
    died: stack.died,
    down: () => stack.down(),
  }
}
