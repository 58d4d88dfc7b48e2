import { accessSync, constants, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { Browser, LaunchOptions } from 'playwright-core'
import { UsageError } from '../../errors.ts'
import { browserFolder, inBrowserFolder } from './browser-folder.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Names under which a Chromium is installed. */
const names = ['chromium', 'chromium-browser', 'google-chrome']
const own = 'FIRST_TOKEN_CHROMIUM'

/** The Chromium of this machine: the one that FIRST_TOKEN_CHROMIUM names, or the first of its names on PATH. Undefined where there is none. */
export function chromiumPath(environment: Environment): string | undefined {
  const named = environment[own]
  if (named !== undefined && named !== '') return isProgram(named) ? named : undefined
  const folders = (environment['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '')
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(isProgram)
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Why no browser can be started here, a sentence without its full stop; undefined where one can. */
export function whyNoBrowser(environment: Environment): string | undefined {
  try {
    createRequire(import.meta.url).resolve('playwright-core')
  } catch {
    return 'a browser is driven by playwright-core, which was left out of the installation: npm install playwright-core'
  }
  if (chromiumPath(environment) !== undefined) return undefined
  const named = environment[own]
  return named === undefined || named === '' ? `there is no Chromium on this machine (${names.join(', ')} on PATH): install one, or name it with ${own}` : `${own} is ${named}, which is no program`
}

/** A cold start of a large program on a busy machine, ms. */
const longestStart = 60_000

const defined = (environment: Environment): Record<string, string> => Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined))

/**
 * Starts this machine's Chromium without a window. It is told what to do through a pipe, and ends when the pipe does: also where we are killed.
 * @param onlyHost the one host that its pages may speak to, where what they send is for nobody else; undefined for any.
 * @throws {UsageError} where it does not start.
 */
export async function startChromium(environment: Environment, onlyHost?: string): Promise<Browser> {
  const missing = whyNoBrowser(environment)
  const executablePath = chromiumPath(environment)
  if (missing !== undefined || executablePath === undefined) throw new UsageError({ what: `No browser can be started: ${missing ?? ''}.`, fix: 'Or measure the API instead.' })
  const options: LaunchOptions = {
    executablePath, headless: true, timeout: longestStart,
    // What it keeps of its own goes with the folder. Whom it believes over TLS is kept at home, and stays there.
    env: { ...defined(environment), TMPDIR: browserFolder(), XDG_CONFIG_HOME: browserFolder(), XDG_CACHE_HOME: browserFolder() },
    // Ctrl-C is ours to obey: what was measured is still to be written.
    handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false,
    // Where there is no graphics card it would look for one.
    args: [...(process.platform === 'linux' && !existsSync('/dev/dri') ? ['--disable-gpu'] : []), ...(onlyHost === undefined ? [] : [`--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE ${onlyHost}`])],
  }
  try {
    return await inBrowserFolder(async () => {
      const { chromium } = await import('playwright-core')
      // Root has no sandbox, and many containers allow nobody one.
      return chromium.launch({ ...options, chromiumSandbox: process.getuid?.() !== 0 }).catch(() => chromium.launch({ ...options, chromiumSandbox: false }))
    })
  } catch (error) {
    throw new UsageError({ what: `${executablePath} does not start: ${(error instanceof Error ? error.message : String(error)).split('\n').slice(0, 3).join(' ')}`, fix: `See whether it starts by hand, or name another one with ${own}.` })
  }
}
