import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

/**
 * Waits until its standard input ends, which it does with us, however we end. A browser ends then too, by itself; one that has not within two seconds is ended with
 * its process group, known by the folder in its arguments. Then the folder is removed.
 */
const keeper = `trap '' HUP INT TERM
cat >/dev/null
left() { ps -A -o pgid= -o args= | while read -r group rest; do case $rest in *"--user-data-dir=$1/"*) echo "$group" ;; esac; done | sort -u; }
tenths=0
while [ -n "$(left "$1")" ] && [ "$tenths" -lt 20 ]; do sleep 0.1; tenths=$((tenths + 1)); done
for group in $(left "$1"); do kill -s KILL -- "-$group" 2>/dev/null; done
rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }
`

let folder: string | undefined

/** One folder for all that browsers of this process write: profiles, sockets, caches. It goes when the process goes, `kill -9` included. */
export function browserFolder(): string {
  if (folder !== undefined) return folder
  folder = mkdtempSync(path.join(tmpdir(), 'first-token-browser-'))
  const child = spawn('/bin/sh', ['-c', keeper, 'first-token-browser-keeper', folder], { detached: true, cwd: '/', stdio: ['pipe', 'ignore', 'ignore'] })
  child.on('error', () => {})
  // It waits for us, not we for it.
  child.unref()
  if (child.stdin instanceof Socket) child.stdin.unref()
  return folder
}

/** Runs the work with what it makes in the folder for temporary files made in ours. */
export async function inBrowserFolder<T>(work: () => Promise<T>): Promise<T> {
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = browserFolder()
  try {
    return await work()
  } finally {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  }
}
