import { homedir } from 'node:os'
import path from 'node:path'

/** Where what takes long to make is kept for the next time, and where stacks that are up have their folders: $FIRST_TOKEN_CACHE, or ~/.cache/first-token. */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const { FIRST_TOKEN_CACHE: named } = environment
  return path.resolve(named === undefined || named === '' ? path.join(homedir(), '.cache/first-token') : named)
}
