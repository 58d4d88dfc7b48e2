import { expect, test } from 'vitest'
import { availableMemoryBytes } from './memory.ts'

const meminfo = 'MemTotal:       24684544 kB\nMemFree:          100 kB\nMemAvailable:    2000 kB\n'
const reading = (files: Record<string, string>) => (file: string): string | undefined => files[file]

test.each([
  { name: 'a machine', files: { '/proc/meminfo': meminfo }, bytes: 2_048_000 },
  { name: 'a container without a limit', files: { '/proc/meminfo': meminfo, '/sys/fs/cgroup/memory.max': 'max', '/sys/fs/cgroup/memory.current': '7' }, bytes: 2_048_000 },
  { name: 'a container with a limit', files: { '/proc/meminfo': meminfo, '/sys/fs/cgroup/memory.max': '1000000', '/sys/fs/cgroup/memory.current': '400000', '/sys/fs/cgroup/memory.stat': 'anon 3\ninactive_file 100000\n' }, bytes: 700_000 },
  { name: 'a container beyond its limit', files: { '/proc/meminfo': meminfo, '/sys/fs/cgroup/memory.max': '1', '/sys/fs/cgroup/memory.current': '400000' }, bytes: 0 },
  { name: 'another system', files: {}, bytes: undefined },
])('the memory that $name has left', ({ files, bytes }) => {
  expect(availableMemoryBytes(reading(files))).toBe(bytes)
})
