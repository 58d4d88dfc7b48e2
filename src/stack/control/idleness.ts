import type { Settings } from './settings.ts'

/** Whether a connection on which something was last said at `saidAt` (`performance.now`) is forgotten by now. */
export function isForgotten(saidAt: number | undefined, forgetsIdle: Settings['forgetsIdle']): boolean {
  return forgetsIdle !== 'none' && saidAt !== undefined && performance.now() - saidAt > forgetsIdle
}
