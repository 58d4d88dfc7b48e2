const paragraph = (number: number): string =>
  `<section class="part"><h2 id="part-${number}">Part ${number}: what is said &amp; what is shown</h2>\n` +
  `<p>The <em>quick</em> brown fox jumps over the <a href="/page/${number % 7}#part-${number}" title="Part ${number}">lazy dog</a> &ndash; again, and ` +
  `<strong>again</strong>, for a reader who wants <a href="/page/${(number + 3) % 7}">more of it</a>, until the page is as long as it was ordered.</p>\n` +
  `<ul><li>first: <code>${number}</code></li><li>second: <span data-n="${number * 2}">${number * 2}</span></li></ul>\n` +
  `<table><tbody><tr><th>n</th><td>${number}</td></tr><tr><th>n&sup2;</th><td>${number * number}</td></tr></tbody></table></section>\n`

/** Sections to fill pages with, and runs of them of growing length, as bytes that are made once: a page of megabytes must not hold up the tokens of others. */
const sections = Array.from({ length: 64 }, (_, number) => paragraph(number + 100))
const all = sections.join('')
const blocks = [16, 1].map((times) => Buffer.from(all.repeat(times), 'latin1'))
const tail = '</main></body></html>\n'

/** The parts of a page that is exactly so many bytes, ASCII: always the same for the same number and length. Where it is too short for a page, letters. */
export function page(number: number, bytes: number): readonly Buffer[] {
  const head = `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Page ${number}</title></head>\n<body><nav><a href="/page/${number + 1}">next</a></nav><main><h1>Page ${number}</h1>\n`
  let room = bytes - head.length - tail.length
  if (room < 0) return [Buffer.alloc(bytes, 'x')]
  const parts = [Buffer.from(head, 'latin1')]
  for (const block of blocks) {
    for (; block.length <= room; room -= block.length) parts.push(block)
  }
  let last = ''
  for (const section of sections) {
    if (section.length > room) break
    last += section
    room -= section.length
  }
  parts.push(Buffer.from(last + padding(room) + tail, 'latin1'))
  return parts
}

/** The end is words in a paragraph, or white space where there is no room for one. */
function padding(bytes: number): string {
  const words = bytes - '<p></p>\n'.length
  return words < 0 ? ' '.repeat(bytes) : `<p>${'and so on '.repeat(Math.ceil(words / 10)).slice(0, words)}</p>\n`
}
