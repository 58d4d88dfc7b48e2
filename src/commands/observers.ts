import type { StartObserver } from '../engine/engine.ts'
import type { RunClock } from '../engine/node/clock.ts'
import { observeHealth } from '../observe/health.ts'
import { observeModel } from '../observe/model.ts'
import type { SideSpec } from '../sample/run-file.ts'
import type { Observed } from '../scenario/spec.ts'
import { hellos } from '../target/hello.ts'
import type { Target } from '../target/target.ts'
import type { SideAccess } from './sign-in.ts'

/** By side, how to look at it beside its messages. What a kind of system does not have is not there. */
export type Observers = ReadonlyMap<string, { readonly [What in Observed]?: StartObserver }>

interface Observable {
  readonly access: SideAccess
  readonly clock: RunClock
  /** Of systems whose kind does not say where /health is. */
  readonly healthUrl: string | undefined
  readonly model: Target | undefined
}

/** A look that takes longer has failed, ms: whoever asks for health gives up before. */
const patience = 10_000

export function observersOf(sides: readonly SideSpec[], observable: Observable): Observers {
  return new Map(sides.map((side) => [side.name, sideObservers(side, observable)]))
}

/** What can be looked at of a side. */
export const observed = (observers: Observers, side: string): Observed[] => Object.keys(observers.get(side) ?? {}) as Observed[]

function sideObservers(side: SideSpec, { access, clock, healthUrl, model }: Observable): { readonly [What in Observed]?: StartObserver } {
  const { headers = {}, trust } = access.get(side.name) ?? {}
  const asking = (what: 'health' | 'database', url: string | undefined): { [What in Observed]?: StartObserver } =>
    (url === undefined ? {} : { [what]: (every: number) => observeHealth({ what, url, headers, trust, every, patience, clock }) })
  return {
    ...asking('health', healthUrl ?? healthOf(side)),
    ...asking('database', databaseOf(side)),
    ...(model === undefined ? {} : { model: modelObserver(model, clock) }),
  }
}

const modelObserver = (model: Target, clock: RunClock): StartObserver => (every) => {
  const { ask, close } = hellos(model, () => ({ id: 'hello', text: 'Hello', mock: undefined }))
  const observer = observeModel({ ask, every, patience, clock })
  return {
    stop: async () => {
      const seen = await observer.stop()
      close()
      return seen
    },
  }
}

/** Of an OpenAI-compatible gateway it is not known: some ask their models for it, and let somebody pay. */
function healthOf({ kind, url }: SideSpec): string | undefined {
  switch (kind) {
    case 'control': return `${new URL(url).origin}/health`
    case 'open-webui': case 'open-webui-socket': case 'browser': return `${url}/health`
    case 'ollama': return `${url}/api/version`
    case 'openai': return undefined
  }
}

function databaseOf({ kind, url }: SideSpec): string | undefined {
  if (kind === 'control') return `${new URL(url).origin}/api/v1/chats/`
  return kind === 'open-webui' || kind === 'open-webui-socket' || kind === 'browser' ? `${url}/api/v1/chats/?page=1` : undefined
}
