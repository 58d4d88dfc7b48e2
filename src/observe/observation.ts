/** The generator's clock, as far as an observer reads it: ms since the run began, and how late a stamp may be. */
export interface ObserverClock {
  now(): number
  stampError(at: number): number
}

/** One look at a system while something else goes on. Instants in run time. */
export interface Observation {
  /** Event loop, database or model: what a slow one of them speaks of. */
  readonly what: 'health' | 'database' | 'model'
  readonly dueAt: number
  readonly startedAt: number
  /** The answer's last byte, or when it was given up. */
  readonly endedAt: number
  /** Of the model's hello; null for what has no tokens, and where none came. */
  readonly firstTokenAt: number | null
  /** HTTP status; null where none came, and of the model. */
  readonly status: number | null
  /** In words; null where it was answered, whatever the status. */
  readonly failure: string | null
  /** How late the tester was, and how late its stamp of the first token may be (of the end, where there is none), ms. */
  readonly errorBound: number
}

/** What one look came to, and how late the stamp may be that its time is reckoned by. */
export type Look = Omit<Observation, 'what' | 'dueAt' | 'errorBound'> & { readonly stampError: number }

export interface Cadence {
  readonly what: Observation['what']
  /** From one due time to the next, ms. */
  readonly every: number
  readonly clock: ObserverClock
}

/** An observer at work. */
export interface Observer {
  /** Looks no more, and gives what was seen in the order of due times. Those under way are waited for: each has an end of its own. */
  stop(): Promise<Observation[]>
}

/**
 * Looks at evenly spaced due times, the first at once, whatever became of the looks before. A due time that the tester itself slept through is left
 * out: to make up for it would be a burst that nobody planned. `look` must come to an end by itself, and never rejects.
 */
export function observe({ what, every, clock }: Cadence, look: () => Promise<Look>): Observer {
  const begunAt = clock.now()
  const looks: Promise<Observation>[] = []
  let next = 0
  let timer: NodeJS.Timeout | undefined
  const step = (): void => {
    const late = clock.now() - begunAt - next * every
    if (late >= every) next += Math.floor(late / every)
    const dueAt = begunAt + next * every
    const wait = dueAt - clock.now()
    if (wait <= 0) {
      next += 1
      looks.push(look().then(({ stampError, ...seen }) => ({ what, dueAt, ...seen, errorBound: Math.max(0, seen.startedAt - dueAt) + stampError })))
    }
    timer = setTimeout(step, Math.max(0, Math.ceil(begunAt + next * every - clock.now())))
  }
  step()
  return {
    stop: () => {
      clearTimeout(timer)
      return Promise.all(looks)
    },
  }
}
