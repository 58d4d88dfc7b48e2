import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { ownIdentity } from './process-identity.ts'

const sideState = z.object({ name: z.string(), profile: z.string(), url: z.string(), log: z.string(), pids: z.array(z.number()) })

const state = z.object({
  stack: z.string(),
  /** The process that started it and that it ends with. */
  owner: z.object({ pid: z.number(), began: z.string() }),
  /** ISO 8601. */
  since: z.string(),
  mock: z.object({ url: z.string(), pid: z.number().optional() }).optional(),
  /** Of a stack of containers: the compose project, whose containers belong to nobody's process. */
  project: z.string().optional(),
  sides: z.array(sideState),
})

/** What is known of a stack that is up, or that was left behind. */
export type StackState = z.infer<typeof state>

/** A stack that has a folder. */
export interface KnownStack {
  readonly folder: string
  /** Undefined where what was written down cannot be read: it was cut short, or is of another version. */
  readonly state: StackState | undefined
}

const stateFile = 'stack.json'
const stacksFolder = (cache: string): string => path.join(cache, 'state')

/** A folder for everything that a stack writes, for nobody else to read; it goes when the stack goes. */
export function newStackFolder(cache: string, stack: string, project?: string): string {
  const folder = path.join(stacksFolder(cache), `${stack}-${process.pid}-${randomBytes(4).toString('hex')}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeState(folder, { stack, owner: ownIdentity(), since: new Date().toISOString(), ...(project === undefined ? {} : { project }), sides: [] })
  return folder
}

/** Replaces what is written down at once, so that nobody reads half of it. */
export function writeState(folder: string, known: StackState): void {
  const file = path.join(folder, stateFile)
  writeFileSync(`${file}.new`, JSON.stringify(known, undefined, 2), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Every stack of this name, or of any, that has a folder: up, coming up, going down or left behind. */
export function knownStacks(cache: string, stack?: string): KnownStack[] {
  const parent = stacksFolder(cache)
  if (!existsSync(parent)) return []
  return readdirSync(parent).filter((name) => stack === undefined || name.startsWith(`${stack}-`)).sort().map((name) => ({ folder: path.join(parent, name), state: readState(path.join(parent, name)) }))
}

function readState(folder: string): StackState | undefined {
  try {
    return state.parse(JSON.parse(readFileSync(path.join(folder, stateFile), 'utf8')))
  } catch {
    return undefined
  }
}
