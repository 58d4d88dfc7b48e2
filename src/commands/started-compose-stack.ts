import { existsSync } from 'node:fs'
import { formatMilliseconds } from '../duration.ts'
import { UsageError } from '../errors.ts'
import { startComposeStack } from '../stack/compose/compose-stack.ts'
import type { EnvironmentChange } from '../stack/compose/override.ts'
import { login, makeAccounts } from '../stack/open-webui/accounts.ts'
import { accountsFile } from '../stack/open-webui/stack.ts'
import { fullErrorWithin, profileEnvironment, profileNames } from '../stack/profiles.ts'
import { changeMockSettings } from './mock-settings.ts'
import { composeFile, processFiles } from './package-files.ts'
import { crowdSize, entryOf } from './side-people.ts'
import { profileInRun, type StackRequest, stackTargets } from './stack-request.ts'
import type { StackStart, StartedStack } from './started-stack.ts'

/** The name under which our mock offers its model. */
const model = 'mock'

/**
 * Starts docker-compose.test.yaml through the Docker CLI and signs in on each side.
 * @throws {UsageError} where Docker is not there, or the mock does not take its settings.
 */
export async function startedComposeStack(request: StackRequest, { note, signal, firstPort, pages }: StackStart): Promise<StartedStack> {
  const file = composeFile()
  if (!existsSync(processFiles().mock)) throw new UsageError({ what: 'The image of the mock is made of dist/mock-llm.js, which is not there.', fix: 'Run npm run build.' })
  if (request.errorWithin !== fullErrorWithin) note(`An error has to be seen within ${formatMilliseconds(request.errorWithin)} instead of ${formatMilliseconds(fullErrorWithin)}: all time-outs of the profiles are changed alike.`)
  const logins = { person: login('person'), other: login('other'), crowd: Array.from({ length: crowdSize(pages) }, (_, index) => login(`person-${index + 1}`)) }
  const stack = await startComposeStack({
    file, note, signal, firstPort, profiles: request.profiles, changes: [...timeOuts(request), ...changesOf(request.environment)], environment: process.env,
    enter: (side, admin) => makeAccounts(side, { admin, ...logins }),
  })
  try {
    await changeMockSettings(stack.mock.url, request.mockSettings)
  } catch (error) {
    await stack.down()
    throw error
  }
  const targets = stackTargets(request).map((target) => {
    const side = stack.sides.find(({ name }) => name === target.side)
    return side === undefined ? target : { ...target, url: side.url, profile: profileInRun(request, side.profile), settings: { ...side.settings }, container: side.container }
  })
  return {
    targets,
    access: new Map(stack.sides.map(({ name, accounts }) => [name, entryOf(accounts)])),
    models: new Map(targets.map(({ side }) => [side, model])),
    accountsFile: accountsFile(stack.folder),
    mockUrl: stack.mock.url,
    modelUrl: undefined,
    bring: stack.bring,
    died: stack.died,
    down: () => stack.down(),
  }
}

/** What of a profile goes with the time within which an error has to be seen, unless it was set by hand; nothing at full size, which is what stands in the file. */
function timeOuts({ profiles, errorWithin, environment }: StackRequest): EnvironmentChange[] {
  return profileNames.filter((name) => profiles.includes(name)).flatMap((profile) => {
    const full = profileEnvironment(profile)
    return Object.entries(profileEnvironment(profile, errorWithin)).filter(([name, value]) => value !== full[name] && !(name in environment)).map(([name, value]) => ({ side: profile, name, value }))
  })
}

const changesOf = (environment: StackRequest['environment']): EnvironmentChange[] => Object.entries(environment).map(([key, value]) => {
  const colon = key.indexOf(':')
  return { side: colon === -1 ? undefined : key.slice(0, colon), name: key.slice(colon + 1), value }
})
