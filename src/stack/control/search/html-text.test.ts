import { expect, test } from 'vitest'
import { htmlText } from './html-text.ts'

const atOnce = (): undefined => undefined

test.each([
  ['<html><head><title>A  page</title><style>p { color: red }</style><script>if (a < b) alert("<p>no</p>")</script></head><body><p>One <b>wo</b>rd</p><p>two</p></body></html>', 'A page\nOne word\ntwo'],
  ['a &lt;b&gt; &amp;amp; &#71;r&#xFC;&szlig;e&nbsp;!', 'a <b> &amp; Gr\u{fc}&szlig;e !'],
  ['before<!-- <p>comment</p> -->after<!DOCTYPE html><script>without end', 'beforeafter'],
  ['2 < 3<br/>\n  4<img src="a>b">', '2 < 3\n4b">'],
  ['', ''],
])('%j reads %j', async (html, text) => {
  expect(await htmlText(html, atOnce)).toBe(text)
})

test('a long page gives the event loop away every 64 kB, and only so much of its text is used', async () => {
  let turns = 0
  const markup = '<div class="nothing to read"></div>'.repeat(30_000)
  expect(await htmlText(`${markup}<p>end</p>`, () => {
    turns += 1
    return undefined
  })).toBe('end')
  expect(turns).toBeGreaterThanOrEqual(Math.floor(markup.length / 65_536) - 1)
  expect(await htmlText('word '.repeat(100_000), atOnce)).toHaveLength(65_536)
})
