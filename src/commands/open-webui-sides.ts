import { formatMilliseconds } from '../duration.ts'
import { UsageError } from '../errors.ts'
import { accountsFile, startOpenWebUi } from '../stack/open-webui/stack.ts'
import { fullErrorWithin, profileNames } from '../stack/profiles.ts'
import { openWebUiRequirements, processFiles } from './package-files.ts'
import { type StackRequest, stackTargets } from './stack-request.ts'
import type { StackStart, StartedStack } from './started-stack.ts'

/** Real Open WebUIs, one a profile, entered by somebody with the role of everybody. */
export async function startOpenWebUiSides(request: StackRequest, { note, signal, firstPort }: StackStart): Promise<StartedStack> {
  if (request.modelServer !== 'mock') throw new UsageError({ what: `--model-server ${request.modelServer} is not supported yet.`, fix: 'Leave it out: our mock answers behind Open WebUI.' })
  if (request.errorWithin !== fullErrorWithin) note(`An error has to be seen within ${formatMilliseconds(request.errorWithin)} instead of ${formatMilliseconds(fullErrorWithin)}: all time-outs of the profiles are changed alike.`)
  const stack = await startOpenWebUi({
    profiles: profileNames.filter((name) => request.profiles.includes(name)),
    errorWithin: request.errorWithin,
    changes: request.environment,
    model: undefined,
    mockArgs: Object.entries(request.mockSettings).flatMap(([name, value]) => [`--${name}`, value]),
    files: { mock: processFiles().mock, requirements: openWebUiRequirements() },
    environment: process.env,
    firstPort,
    note,
    signal,
  })
  const sideOf = (name: string) => stack.sides.find((side) => side.name === name)
  return {
    targets: stackTargets(request).map((target) => {
      const side = sideOf(target.side)
      return side === undefined ? target : { ...target, url: side.url, profile: side.profile, settings: side.settings }
    }),
    access: new Map(stack.sides.map(({ name, accounts }) => [name, { headers: { authorization: `Bearer ${accounts.person.token}` }, trust: undefined }])),
    models: new Map(stack.sides.map(({ name }) => [name, stack.model.model])),
    accountsFile: accountsFile(stack.folder),
    mockUrl: stack.mock.url,
    modelUrl: undefined,
    died: stack.died,
    down: () => stack.down(),
  }
}
