import { expect, test } from 'vitest'
import { UsageError } from '../errors.ts'
import { type RunFlags, runRequest } from './run-request.ts'

async function problems(flags: RunFlags): Promise<readonly string[]> {
  const error: unknown = await runRequest(flags, {}).catch((thrown: unknown) => thrown)
  return error instanceof UsageError ? error.problems.map(({ what, fix }) => `${what} ${fix}`) : []
}

test.each([
  [{ container: ['astra'] }, /^--container .*Leave it out: a stack of ours brings its own model, accounts and containers\.$/],
  [{ mock: 'http://127.0.0.1:1' }, /^--mock .*Leave it out: a stack of ours/],
  [{ label: 'mine' }, /^--label .*Leave it out: a stack of ours .*`first-token compare RUN RUN`/],
  [{ against: 'mine' }, /^--against .*Leave it out: a stack of ours .*`first-token compare RUN RUN`/],
  [{ switch: './switch.sh {side}' }, /^--switch .*Leave it out: a stack of ours/],
  [{ maxMessages: '5' }, /^--max-messages .*Leave it out: a stack of ours/],
])('what is about a target is left out where the stack is ours, and naming a target is not advised: %j', async (flags, words) => {
  expect(await problems({ stack: 'open-webui', ...flags })).toEqual([expect.stringMatching(words)])
})

test('without a stack a target is what is missing', async () => {
  expect(await problems({ container: ['astra'] })).toEqual(['--container says something about a target, and none was named. Add --target openai=URL.'])
})
