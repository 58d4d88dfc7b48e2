import { ms, param, scenario } from 'first-token'

/** How many streams at once; on the control stack, which tells four answers at a time, no more than those. */
const some = param('some', 50, { control: 2 })
const many = param('many', 200, { control: 4 })

/** The same answers through the gateway and from the model directly, by turns: what the gateway adds to the first token and to the gaps between tokens. */
export default scenario({
  name: 'overhead',
  question: 'What does the gateway add to what the model itself takes?',
  messages: {
    chat: { text: 'Tell me something', mock: { tokens: 20, firstTokenAfter: ms(20), gap: ms(20) } },
  },
  phases: {
    oneDirect: { together: ['chat'], copies: 1, repeat: 18, via: 'model' },
    one: { together: ['chat'], copies: 1, repeat: 18 },
    someDirect: { together: ['chat'], copies: some, repeat: 18, via: 'model' },
    some: { together: ['chat'], copies: some, repeat: 18 },
    manyDirect: { together: ['chat'], copies: many, repeat: 18, via: 'model' },
    many: { together: ['chat'], copies: many, repeat: 18 },
  },
  claims: ({ overhead, wholeAnswers }) => ({
    'one stream: first token, median': overhead('chat', { through: 'one', direct: 'oneDirect' }).firstToken.p50.atMost(ms(50)),
    'one stream: gaps, p95': overhead('chat', { through: 'one', direct: 'oneDirect' }).gap.p95.atMost(ms(50)),
    'some streams: first token, median': overhead('chat', { through: 'some', direct: 'someDirect' }).firstToken.p50.atMost(ms(100)),
    'some streams: first token, p95': overhead('chat', { through: 'some', direct: 'someDirect' }).firstToken.p95.atMost(ms(250)),
    'some streams: gaps, p95': overhead('chat', { through: 'some', direct: 'someDirect' }).gap.p95.atMost(ms(50)),
    'many streams: first token, median': overhead('chat', { through: 'many', direct: 'manyDirect' }).firstToken.p50.atMost(ms(250)),
    'many streams: first token, p95': overhead('chat', { through: 'many', direct: 'manyDirect' }).firstToken.p95.atMost(ms(500)),
    'many streams: gaps, p95': overhead('chat', { through: 'many', direct: 'manyDirect' }).gap.p95.atMost(ms(50)),
    'every answer is whole': wholeAnswers('chat').atLeast(1),
  }),
  provedBy: {
    'one stream: first token, median': { connections: 'fresh', handshakeCost: 300 },
    'some streams: first token, median': { connections: 'fresh', handshakeCost: 300 },
    'some streams: first token, p95': { connections: 'fresh', handshakeCost: 300 },
    'many streams: first token, median': { connections: 'fresh', handshakeCost: 300 },
    'one stream: gaps, p95': { coalesces: 5 },
    'some streams: gaps, p95': { coalesces: 5 },
    'many streams: gaps, p95': { coalesces: 5 },
  },
})
