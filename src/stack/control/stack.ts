import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { type SideProcess, SideProcessError, startSideProcess } from '../side-process.ts'
import type { Stack, StackSide } from '../stack.ts'
import type { ProfileName, SettingValues } from './settings.ts'

/** One side that is wanted: a profile, and what is to be different from it. */
export interface WantedControlSide {
  readonly name: string
  readonly profile: ProfileName
  readonly defects: SettingValues
}

export interface ControlStackOptions {
  readonly mockArgs?: readonly string[]
  readonly sides: readonly WantedControlSide[]
  /** The built entry points of the two kinds of process. */
  readonly files: { readonly mock: string; readonly gateway: string }
}

export interface ControlSide extends StackSide {
  readonly profile: ProfileName
  /** The settings in force, as the side itself reports them. */
  readonly settings: SettingValues
  readonly defects: SettingValues
}

/** The mock model and a control gateway for each side in front of it, processes of their own on free loopback ports. */
export interface ControlStack extends Stack<ControlSide> {
  /** Its origin; its OpenAI dialect is below /v1. */
  readonly mock: { readonly url: string }
}

/**
 * Starts the mock, then all gateways at once: they need its address.
 * @throws {SideProcessError} where one of them does not start; the others are stopped by then.
 */
export async function startControlStack({ mockArgs = [], sides, files }: ControlStackOptions): Promise<ControlStack> {
  const mock = await startSideProcess({ name: 'mock', file: files.mock, args: mockArgs })
  const starts = await Promise.allSettled(sides.map((side) => startSideProcess({ name: `gateway ${side.name}`, file: files.gateway, args: gatewayArgs(side, mock.url) })))
  const gateways = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
  const processes = [...gateways, mock]
  try {
    const failed = starts.find((start) => start.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    return {
      mock: { url: mock.url },
      sides: await Promise.all(gateways.map((gateway, index) => describedSide(gateway, sides[index]))),
      died: Promise.race(processes.map(({ died }) => died)),
      down: () => stopAll(processes),
    }
  } catch (error) {
    await stopAll(processes)
    throw error
  }
}

async function stopAll(processes: readonly SideProcess[]): Promise<void> {
  await Promise.all(processes.map((one) => one.stop()))
}

const gatewayArgs = ({ profile, defects }: WantedControlSide, mockUrl: string): string[] =>
  ['--upstream', `${mockUrl}/v1`, '--profile', profile, ...Object.entries(defects).flatMap(([name, value]) => ['--set', `${name}=${value}`])]

const settingsReport = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

async function describedSide({ name, url }: SideProcess, side: WantedControlSide | undefined): Promise<ControlSide> {
  if (side === undefined) throw new SideProcessError(`${name} is a side that nobody asked for`)
  const json: unknown = JSON.parse(await body(`${url}/control/settings`))
  return { name: side.name, profile: side.profile, url, settings: settingsReport.parse(json), defects: side.defects }
}

function body(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => { text(response).then(resolve, reject) }).on('error', reject)
  })
}
