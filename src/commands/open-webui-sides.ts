import { formatMilliseconds } from '../duration.ts'
import { type OllamaEnvironment, ollamaBehind } from '../stack/ollama/profiles.ts'
import { accountsFile, startOpenWebUi } from '../stack/open-webui/stack.ts'
import { fullErrorWithin, profileNames } from '../stack/profiles.ts'
import { changeMockSettings } from './mock-settings.ts'
import { openWebUiRequirements, processFiles } from './package-files.ts'
import { crowdSize, entryOf } from './side-people.ts'
import { isOllamas, profileInRun, type StackRequest, stackTargets } from './stack-request.ts'
import type { StackStart, StartedStack } from './started-stack.ts'

/** Real Open WebUIs, one a profile, entered by somebody with the role of everybody. */
export async function startOpenWebUiSides(request: StackRequest, { note, signal, firstPort, pages }: StackStart): Promise<StartedStack> {
  const { ollama, changes } = split(request)
  if (request.errorWithin !== fullErrorWithin) note(`An error has to be seen within ${formatMilliseconds(request.errorWithin)} instead of ${formatMilliseconds(fullErrorWithin)}: all time-outs of the profiles are changed alike.`)
  const stack = await startOpenWebUi({
    profiles: profileNames.filter((name) => request.profiles.includes(name)),
    errorWithin: request.errorWithin,
    changes,
    ollama,
    files: { mock: processFiles().mock, requirements: openWebUiRequirements() },
    environment: process.env,
    crowd: crowdSize(pages),
    firstPort,
    note,
    signal,
  })
  try {
    await changeMockSettings(stack.mock.url, request.mockSettings)
  } catch (error) {
    await stack.down()
    throw error
  }
  const sideOf = (name: string) => stack.sides.find((side) => side.name === name)
  return {
    targets: stackTargets(request).map((target) => {
      const side = sideOf(target.side)
      return side === undefined ? target : { ...target, url: side.url, profile: profileInRun(request, side.profile), settings: side.settings, ...(stack.ollama === undefined ? {} : { tokensPerSecond: stack.ollama.tokensPerSecond }) }
    }),
    access: new Map(stack.sides.map(({ name, accounts }) => [name, entryOf(accounts)])),
    models: new Map(stack.sides.map(({ name }) => [name, stack.model.model])),
    accountsFile: accountsFile(stack.folder),
    mockUrl: stack.mock.url,
    modelUrl: stack.ollama === undefined ? undefined : `${stack.ollama.url}/v1`,
    died: stack.died,
    down: () => stack.down(),
  }
}

/** What --set-env changes of the real Ollama behind all sides, if there is one, and of the sides. */
function split({ modelServer, environment }: StackRequest): { readonly ollama: OllamaEnvironment | undefined; readonly changes: Readonly<Record<string, string>> } {
  if (modelServer === 'mock') return { ollama: undefined, changes: environment }
  const entries = Object.entries(environment)
  return { ollama: { ...ollamaBehind, ...Object.fromEntries(entries.filter(([name]) => isOllamas(name))) }, changes: Object.fromEntries(entries.filter(([name]) => !isOllamas(name))) }
}
