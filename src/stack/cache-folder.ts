import { homedir } from 'node:os'
import path from 'node:path'

/** Where what takes minutes to make is kept from one run to the next: $FIRST_TOKEN_CACHE, or a folder of the user's cache. */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const own = environment['FIRST_TOKEN_CACHE']
  return own === undefined || own === '' ? path.join(homedir(), '.cache/first-token') : path.resolve(own)
}
