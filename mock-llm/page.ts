const paragraph = (number: number): string =>
  `<section class="part"><h2 id="part-${number}">Part ${number}: what is said &amp; what is shown</h2>\n` +
  `<p>The <em>quick</em> brown fox jumps over the <a href="/page/${number % 7}#part-${number}" title="Part ${number}">lazy dog</a> &ndash; again, and ` +
  `<strong>again</strong>, for a reader who wants <a href="/page/${(number + 3) % 7}">more of it</a>, until the page is as long as it was ordered.</p>\n` +
  `<ul><li>first: <code>${number}</code></li><li>second: <span data-n="${number * 2}">${number * 2}</span></li></ul>\n` +
  `<table><tbody><tr><th>n</th><td>${number}</td></tr><tr><th>n&sup2;</th><td>${number * number}</td></tr></tbody></table></section>\n`

/** Paragraphs to fill pages with, made once: a page of megabytes must not hold up the tokens of others. */
const block = Array.from({ length: 64 }, (_, number) => paragraph(number + 100)).join('')
const sections = block.split('</section>\n').slice(0, -1).map((section) => `${section}</section>\n`)
const tail = '</main></body></html>\n'

/** A page of exactly so many bytes, ASCII: always the same for the same number and length. Where it is too short for a page, letters. */
export function page(number: number, bytes: number): string {
  const head = `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Page ${number}</title></head>\n<body><nav><a href="/page/${number + 1}">next</a></nav><main><h1>Page ${number}</h1>\n`
  const room = bytes - head.length - tail.length
  if (room < 0) return 'x'.repeat(bytes)
  const blocks = Math.floor(room / block.length)
  let rest = room - blocks * block.length
  let last = ''
  for (const section of sections) {
    if (section.length > rest) break
    last += section
    rest -= section.length
  }
  return head + block.repeat(blocks) + last + padding(rest) + tail
}

/** The end is words in a paragraph, or white space where there is no room for one. */
function padding(bytes: number): string {
  const words = bytes - '<p></p>\n'.length
  return words < 0 ? ' '.repeat(bytes) : `<p>${'and so on '.repeat(Math.ceil(words / 10)).slice(0, words)}</p>\n`
}
