import { ms, scenario, seconds } from 'first-token'

const story = 'Tell me a story'

/**
 * What a page of Open WebUI is owed beside its words: Stop stops the model, also in another tab, and a page whose connection was away for a moment has the
 * whole answer in the end. The chats ask for a title, tags and follow-up questions as well, as pages do.
 */
export default scenario({
  name: 'page',
  question: 'Does Stop stop the model, and does a page that lost its connection get the whole answer?',
  needs: ['socket'],
  messages: {
    chat: { text: 'Tell me something', background: true, mock: { tokens: 20 } },
    stopper: { text: 'Tell me a long story', leave: { afterTokens: 10, afterTime: seconds(3) }, mock: { lasts: seconds(12) } },
    otherStopper: { text: 'Tell me a long story', leave: { afterTokens: 10, afterTime: seconds(3), from: 'another page' }, mock: { lasts: seconds(12) } },
    awayForAMoment: { text: story, loses: { afterTokens: 10, forTime: ms(500) }, mock: { lasts: seconds(1.5) } },
    awayAtTheEnd: { text: story, loses: { afterTokens: 10, forTime: seconds(2) }, mock: { lasts: seconds(1) } },
  },
  phases: {
    chats: { together: ['chat'], copies: 8 },
    stopping: { together: ['stopper'], copies: 8 },
    stoppingInAnotherTab: { together: ['otherStopper'], copies: 8 },
    awayForAMoment: { together: ['awayForAMoment'], copies: 4 },
    awayAtTheEnd: { together: ['awayAtTheEnd'], copies: 4 },
  },
  claims: ({ deliveredShare, timeToCancel, wholeAnswers }) => ({
    'the words come to the page': deliveredShare('chat').atLeast(1),
    'Stop reaches the model': timeToCancel('stopper').atMost(seconds(1)),
    'Stop in another tab reaches the model': timeToCancel('otherStopper').atMost(seconds(1)),
    'who was away for a moment has the whole answer': wholeAnswers('awayForAMoment').atLeast(1),
    'who was away at its end has the whole answer': wholeAnswers('awayAtTheEnd').atLeast(1),
  }),
  provedBy: {
    'the words come to the page': { lanes: 4, socketsInMemory: true },
    // With a limit of slots the stories that go on would hold them all.
    'Stop reaches the model': { slots: 'none', keepsUpstream: true },
    'Stop in another tab reaches the model': { lanes: 4, socketsInMemory: true },
    'who was away for a moment has the whole answer': { forgetsMissed: true },
    'who was away at its end has the whole answer': { forgetsMissed: true },
  },
})
