import type { Death } from '../stack/side-process.ts'
import { startOllamaSides } from './ollama-sides.ts'
import { startOpenWebUiSides } from './open-webui-sides.ts'
import type { SideAccess } from './sign-in.ts'
import { startedComposeStack } from './started-compose-stack.ts'
import { type StackRequest, toldSettings } from './stack-request.ts'
import type { TargetFlag } from './run-request.ts'

/** A real stack that a run started for itself: from here on its sides are systems that run already. */
export interface StartedStack {
  /** One a profile, with its address, its profile and the settings in force. */
  readonly targets: readonly TargetFlag[]
  /** Headers that open each side. */
  readonly access: SideAccess
  /** The model to ask for, by side. */
  readonly models: ReadonlyMap<string, string>
  /** Where the accounts that open the sides are written down, for nobody else to read; undefined where there are none. */
  readonly accountsFile?: string | undefined
  /** Our mock behind the sides; undefined where a real model answers. */
  readonly mockUrl: string | undefined
  /** The model itself, past the sides; the base that an OpenAI client takes. */
  readonly modelUrl: string | undefined
  /** Where memory holds one side at a time: stops the one that is up and starts this one, at the same address. Undefined where all are up. */
  readonly bring?: ((side: string) => Promise<void>) | undefined
  /** Resolves with the first process that ends unasked. Never resolves otherwise. */
  readonly died: Promise<Death>
  /** Stops all of it; nothing is left when it resolves. May be called again. */
  down(): Promise<void>
}

export interface StackStart {
  /** Tells what is being waited for. */
  readonly note: (line: string) => void
  /** The first port that a side gets; free ones where it is not named. */
  readonly firstPort?: number | undefined
  /** Whether people sit at its pages, and not one alone. */
  readonly pages?: boolean
  /** Gives the start up; nothing is left running then either. */
  readonly signal: AbortSignal
}

/**
 * Starts a stack and waits until all of it answers.
 * @throws {UsageError} where this machine lacks what it takes, with what to install.
 */
export async function startStack(request: StackRequest, start: StackStart): Promise<StartedStack> {
  const stack = await started(request, start)
  return { ...stack, targets: stack.targets.map((target) => (target.settings === undefined ? target : { ...target, settings: toldSettings(request, target.settings) })) }
}

function started(request: StackRequest, start: StackStart): Promise<StartedStack> {
  switch (request.name) {
    case 'open-webui': return startOpenWebUiSides(request, start)
    case 'ollama': return startOllamaSides(request, start)
    case 'compose': return startedComposeStack(request, start)
  }
}
